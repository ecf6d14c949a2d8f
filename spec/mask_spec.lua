local compiled = require "spec.support.compiled"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"

-- Spawns a program that prints its status.
local SHOW = [[
  local pidfd = require "pidfd"
  assert(pidfd.spawn { "grep", "Sig[BI]", "/proc/self/status" }):wait()
]]

local NONE = "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"

-- The options of env(1) that change what a program does with signals.
local function need_env(options)
  if not os.execute("env " .. options .. " true 2>/dev/null") then
    pending("needs env " .. options)
  end
end

describe("the signals of a child", function()
  it("are not ignored though they are here", function()
    assert.equal(NONE,
      (run.under("trap '' TERM USR1 PIPE CHLD TSTP; exec", SHOW)))
  end)

  -- The interpreter has a handler for SIGINT, so that it is not ignored here.
  for _, name in ipairs { "HUP", "QUIT" } do
    it("are still ignored if they are those of a terminal: " .. name,
      function()
        local bit = math.tointeger(2 ^ (pidfd.signal[name] - 1))
        assert.equal((NONE:gsub("%x+\n$", ("%016x\n"):format(bit))),
          (run.under("trap '' " .. name .. "; exec", SHOW)))
      end)
  end

  -- The same, with this list of those that are kept.
  local function show_with(kept)
    return (SHOW:gsub("/status\"", "%0, keepsignals = " .. kept))
  end

  local KEPT = {
    ["{ 'PIPE', 'SIGUSR1', 15 }"] = { "PIPE", "USR1", "TERM" },
    ["{ 'QUIT', 'WINCH' }"] = { "QUIT" }, -- WINCH is not ignored here
    ["{}"] = {},
  }

  for list, names in sorted(KEPT) do
    it("are still ignored if they are named: " .. list, function()
      local bits = 0
      for _, name in ipairs(names) do
        bits = bits + 2 ^ (pidfd.signal[name] - 1)
      end
      assert.equal((NONE:gsub("%x+\n$", ("%016x\n"):format(bits))),
        (run.under("trap '' HUP QUIT PIPE USR1 TERM; exec", show_with(list))))
    end)
  end

  it("are not blocked though they are here", function()
    need_env("--block-signal=USR1")
    assert.equal(NONE,
      (run.under("exec env --block-signal=HUP,TERM,USR1", SHOW)))
  end)

  it("are neither, of all there are", function()
    need_env("--block-signal --ignore-signal")
    assert.equal((NONE:gsub("0\n$", "5\n")),
      (run.under("exec env --block-signal --ignore-signal", SHOW)))
  end)
end)

describe("pidfd.spawn()", function()
  it("leaves our own signals as they are", function()
    need_env("--block-signal=USR1")
    local output = run.under(
      "exec env --block-signal=USR1 --ignore-signal=USR2", [[
        local pidfd = require "pidfd"
        local function signals()
          local file = assert(io.open("/proc/self/status"))
          local text = file:read("a")
          file:close()
          return text:match("SigBlk:.-\nShdPnd") or text:match("SigBlk:.-\nCap")
        end
        local before = signals()
        pidfd.spawn({ "true" }):wait()
        print(signals() == before, before:match("[1-9a-f]") ~= nil)
        pidfd.spawn { "/nowhere" }
        print(signals() == before)
      ]])
    assert.equal("true\ttrue\ntrue\n", output)
  end)

  it("waits for no signal that is pending here", function()
    need_env("--block-signal=USR1")
    local output = run.under("exec env --block-signal=USR1", [[
      local pidfd = require "pidfd"
      local self = pidfd.self()
      assert(self:send_signal("USR1"))
      print(pidfd.spawn({ "true" }):wait())
    ]])
    assert.equal("exit\t0\n", output)
  end)
end)

-- Sends a signal to the whole process group of the process, again and again,
-- as long as that runs.
local STORM = [[
  local pidfd = require "pidfd"
  local p = assert(pidfd.open(math.tointeger(arg[1])))
  repeat
    p:send_signal("WINCH", pidfd.flags.SIGNAL_PROCESS_GROUP)
  until p:poll(0)
]]

-- Spawns while these signals come; the default action of the signal is to do
-- nothing.
local SPAWN = [[
  local pidfd, handler = require "pidfd", require "handler"
  handler.install(pidfd.signal.WINCH)
  local storm = assert(pidfd.spawn { "sh", "-c",
    "exec " .. arg[1] .. " " .. pidfd.self():pid(), pdeathsig = "KILL" })
  repeat until handler.counts() > 0
  local n, ends = 0, {}
  repeat
    local how, code = assert(pidfd.spawn { "true" }):wait()
    ends[how .. code] = true
    pidfd.spawn { "/nowhere" }
    n = n + 1
  until n >= 60 and handler.counts() > 60
  storm:send_signal("KILL")
  storm:wait()
  local _, elsewhere = handler.counts()
  print(elsewhere, ends.exit0, next(ends, "exit0"))
]]

describe("a signal handler of ours", function()
  it("runs in this process only, however many signals come", function()
    kernel.need(6, 9, "signals to a process group")
    compiled.need("handler")
    local program = script.command(SPAWN, script.command(STORM))
    assert.equal("0\ttrue\tnil\n", (spawned.output { "sh", "-c",
      "exec " .. program, session = true, pdeathsig = "KILL" }))
  end)
end)
