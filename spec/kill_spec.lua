-- Children that SIGKILL does not end soon, and that no caller gets: their
-- program was not started, or their job was given up.

local compiled = require "spec.support.compiled"
local kernel = require "spec.support.kernel"
local run = require "spec.support.run"
local script = require "spec.support.script"
local spawned = require "spec.support.spawned"

-- It holds on to a zombie for as long as its input is open.
local TRACER = [[
  print(require("unix").seize(math.tointeger(tonumber(arg[1]))))
  io.stdout:flush()
  io.read()
]]

-- Gives up what 'arg[2]', an expression, has started, when its child has a
-- tracer. Prints what is left while it has one, and what is left later.
local PROGRAM = [[
  local argument = require "spec.programs.argument"
  local fds = require "spec.support.fds"
  local given_up = require "spec.programs.given_up"
  local pidfd = require "pidfd"
  local spawned = require "spec.support.spawned"
  local state = given_up.run(arg[1], arg[2])
  if arg[3] then
    argument(arg[3])()
  end
  given_up.release(state)
  state.tracer:wait()
  state.tracer:close()
  pidfd.spawn { "/nowhere" }
  collectgarbage()
  print(spawned.children() == "", fds.count() - state.fds,
    given_up.mappings() - state.maps)
]]

-- The same, but the pidfd of the child that is to be reaped is closed, and that
-- of another child gets its number. Prints what becomes of the other child.
local REPLACED = [[
  local given_up = require "spec.programs.given_up"
  local pidfd = require "pidfd"
  local unix = require "unix"
  local state = given_up.run(arg[1], arg[2])
  local other, pipes = assert(pidfd.spawn {
    "sh", "-c", "read line; exit 3", stdin = "pipe",
  })
  local ours = { [other:fileno()] = true, [state.tracer:fileno()] = true }
  local me = pidfd.self()
  local number
  for fd, target in pairs(me:fds()) do
    if target:find("pidfd", 1, true) and not ours[fd] and fd ~= me:fileno() then
      number = fd
    end
  end
  unix.close(number)
  local taken = {}
  repeat -- lower numbers may be free, too
    table.insert(taken, other:dup())
  until taken[#taken]:fileno() >= number
  assert(taken[#taken]:fileno() == number)
  pipes.stdin:close()
  other:poll()
  pidfd.spawn { "/nowhere" } -- reaps who was killed
  print(other:waitid(pidfd.flags.WEXITED) == "exit", taken[#taken]:poll(0))
  given_up.release(state)
]]

-- As PROGRAM, and ends while the child is there to be reaped.
local UNREAPED = [[
  require "spec.support.compat"
  local given_up = require "spec.programs.given_up"
  local pidfd = require "pidfd"
  local state = given_up.run(os.getenv("TRACER"), os.getenv("START"))
  given_up.release(state)
  state.tracer:waitid(pidfd.flags.WEXITED) -- p:wait() would reap both
  print("mappings: " .. state.maps)
]]

local function run_traced(prefix, start, last, program)
  compiled.need("unix")
  local tracer = "exec " .. script.command(TRACER) .. ' "$0"'
  local output = run.under("exec timeout -s KILL 60 " .. prefix,
    program or PROGRAM, tracer, start, last)
  if output:find("it cannot be traced", 1, true) then
    pending("needs to trace a process")
  end
  return output
end

local REAPED_LATER = "false\tenough\ntrue\ntrue\t0\t0\n"

describe("a child that was killed, and is not over in time", function()
  it("is reaped later, of a job that was given up", function()
    assert.equal(REAPED_LATER, run_traced("", [[
      require("pidfd").run { "sleep", "60", scope = "process" }
    ]]))
  end)

  it("is left to init when this process ends before it", function()
    assert.equal("false\tenough\ntrue\n", run_traced("", [[
      require("pidfd").run { "sleep", "60", scope = "process" }
    ]], "os.exit(true, true)"))
  end)

  it("is reaped later, of a program that was not started", function()
    assert.equal(REAPED_LATER, run_traced(run.holding(), [[
      require("pidfd").spawn { "true", cwd = "/" }
    ]]))
  end)

  it("is reaped later, where it has a copy of our memory", function()
    assert.equal(REAPED_LATER, run_traced(run.holding(), [[
      require("pidfd").spawn { "true", cwd = "/", oom_score_adj = 1000 }
    ]]))
  end)

  it("is forgotten when its number has become another pidfd's", function()
    kernel.need(6, 9, "the identity of a pidfd")
    assert.equal("false\tenough\ntrue\ntrue\ttrue\n", run_traced("", [[
      require("pidfd").run { "sleep", "60", scope = "process" }
    ]], nil, REPLACED))
  end)

  it("is left alone when it cannot be told what its number has become",
    function()
      local refusing = run.refusing("fstatfs", "EPERM")
      assert.equal("false\tenough\ntrue\ntrue\ttrue\n",
        run_traced(refusing, [[
          require("pidfd").run { "sleep", "60", scope = "process" }
        ]], nil, REPLACED))
    end)

  it("is reaped later, when its identity could not be asked at first",
    function()
      run.need_strace()
      local failing = "strace -qq -o /dev/null -e trace=fstatfs"
        .. " -e inject=fstatfs:error=EIO:when=1"
      assert.equal(REAPED_LATER, run_traced(failing, [[
        require("pidfd").run { "sleep", "60", scope = "process" }
      ]]))
    end)

  it("is forgotten when another has its number, and it was never known",
    function()
      run.need_strace()
      local failing = "strace -qq -o /dev/null -e trace=fstatfs"
        .. " -e inject=fstatfs:error=EIO:when=1"
      assert.equal("false\tenough\ntrue\ntrue\ttrue\n",
        run_traced(failing, [[
          require("pidfd").run { "sleep", "60", scope = "process" }
        ]], nil, REPLACED))
    end)

  -- Its world is kept for the next launch when it is reaped; there is none.
  it("leaves no mapping when the module is unloaded", function()
    local many = compiled.need_host("many_states")
    compiled.need("unix")
    local path, cpath = script.settings()
    local tracer = "exec " .. script.command(TRACER) .. ' "$0"'
    local output = spawned.output {
      "env", path, cpath, "TRACER=" .. tracer,
      "START=pidfd.spawn { 'true', cwd = '/' }",
      "timeout", "-s", "KILL", "60", run.holding(), many, "3", UNREAPED,
      stderr = "stdout",
    }
    if output:find("it cannot be traced", 1, true) then
      pending("needs to trace a process")
    end
    local counts = {}
    for count in output:gmatch("mappings: (%d+)") do
      table.insert(counts, tonumber(count))
    end
    assert.equal(3, #counts, output)
    assert.equal(counts[2], counts[3], output)
  end)
end)
