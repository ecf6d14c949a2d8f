-- The time between clone(2) and execve(2), in which parent and child both run.

local compiled = require "spec.support.compiled"
local memories = require "spec.support.memories"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"
local state = require "spec.support.state"

-- Run a program, in which 'cwd' in the options holds the child up.
local function run_held(program, ...)
  local command = run.holding()
  compiled.need("unix")
  return run.under("exec timeout -s KILL 30 " .. command,
    program, ...)
end

-- The first process that such a program has as a child.
local function child_of(pid)
  local path = ("/proc/%d/task/%d/children"):format(pid, pid)
  local child
  repeat
    child = read(path):match("%d+")
  until child
  return math.tointeger(tonumber(child))
end

-- Call 'use' with the pidfd and the number of a process that waits for a child
-- which does not get to its program.
local function with_waiting(options, use)
  local command = "exec " .. run.holding() .. " " .. script.command([[
    local options = require "spec.programs.options"
    require("pidfd").spawn(options { "true", cwd = "/" })
  ]], options)
  spawned.with({ "sh", "-c", command, stdin = "null", session = true },
    function(p)
      local pid = p:pid()
      child_of(pid)
      state.await(pid, "S")
      use(p, pid)
    end)
end

-- How its state changes next, if it does within a time that is long enough.
local function stopped(p)
  local limit, how = os.time() + 30
  repeat
    how = p:waitid(pidfd.flags.WSTOPPED + pidfd.flags.WNOHANG)
  until how or os.time() > limit
  return how
end

for kind, options in sorted(memories) do
  describe("while a child " .. kind .. " is held up", function()
    it("this process ends with a signal that ends it", function()
      with_waiting(options, function(p)
        assert(p:send_signal("TERM"))
        local how, code = p:wait(30)
        assert.equal("signal", how)
        assert.equal(pidfd.signal.TERM, code)
      end)
    end)

    it("this process stops, and goes on", function()
      with_waiting(options, function(p, pid)
        for _ = 1, 3 do
          assert(p:send_signal("STOP"))
          assert.equal("stop", stopped(p))
          assert(p:send_signal("CONT"))
          state.await(pid, "S")
        end
      end)
    end)

    it("a hook runs", function()
      local output = run_held([[
        local alarm = require "spec.programs.alarm"
        local pidfd = require "pidfd"
        local options = require "spec.programs.options"
        alarm.after(0.02, function()
          print("handled")
          os.exit(true)
        end, pidfd.spawn, options { "true", cwd = "/" })
      ]], options)
      assert.equal("handled\n", output)
    end)

    it("a hook that raises ends the child, and nothing is left", function()
      local output = run_held([[
        local alarm = require "spec.programs.alarm"
        local fds = require "spec.support.fds"
        local options = require "spec.programs.options"
        local pidfd = require "pidfd"
        local spawned = require "spec.support.spawned"
        collectgarbage("stop")
        local before = fds.count()
        for _ = 1, 3 do
          print(pcall(alarm.after, 0.02, function()
            error("enough", 0)
          end, pidfd.spawn, options {
            "true", cwd = "/", stdin = "pipe", stdout = "null",
          }))
          print(fds.count() - before, spawned.children())
        end
      ]], options)
      assert.equal(("false\tenough\n0\t\n"):rep(3), output)
    end)

    it("a hook that raises at any return leaves nothing open", function()
      local output = run_held([[
        local pidfd = require "pidfd"
        local fds = require "spec.support.fds"
        local options = require "spec.programs.options"
        local function start()
          return pidfd.spawn(options { "true", stdin = "pipe" })
        end
        collectgarbage()
        local before = fds.count()
        local at, raised = 0
        repeat
          at, raised = at + 1, false
          local returns = 0
          pcall(function()
            debug.sethook(function()
              returns = returns + 1
              if returns == at then
                raised = true
                error("enough", 0)
              end
            end, "r")
            local p, pipes = start()
            debug.sethook()
            p:close()
            pipes.stdin:close()
          end)
          debug.sethook()
          collectgarbage()
          if fds.count() ~= before then
            print(at, fds.count() - before)
          end
        until not raised
        print(at > 3)
      ]], options)
      assert.equal("true\n", output)
    end)

    it("a hook may start another program", function()
      local output = run_held([[
        local alarm = require "spec.programs.alarm"
        local options = require "spec.programs.options"
        local pidfd = require "pidfd"
        print(pcall(alarm.after, 0.02, function()
          for _ = 1, 3 do
            local p = assert(pidfd.spawn { "sh", "-c", "exit 3" })
            print(p:wait())
            print(pidfd.spawn { "/nowhere" })
          end
          error("enough", 0)
        end, pidfd.spawn, options { "true", cwd = "/" }))
      ]], options)
      local one = "exit\t3\nnil\tspawn: execve /nowhere: "
        .. "No such file or directory\t2\n"
      assert.equal(one:rep(3) .. "false\tenough\n", output)
    end)

    it("this process sleeps, and does not look all the time", function()
      local output = run_held([[
        local alarm = require "spec.programs.alarm"
        local options = require "spec.programs.options"
        local pidfd = require "pidfd"
        local function switches()
          local status = pidfd.self():proc("status")
          return tonumber(status:match("\nvoluntary_ctxt_switches:%s*(%d+)"))
        end
        local before = switches()
        pcall(alarm.after, 1, function()
          error("enough", 0)
        end, pidfd.spawn, options { "true", cwd = "/" })
        print(switches() - before < 200)
      ]], options)
      assert.equal("true\n", output)
    end)
  end)
end

-- The system calls of this process take long: the program runs, and sends the
-- signal, before this process can know that it runs.
describe("a hook of a signal that comes when the program runs", function()
  for kind, options in sorted(memories) do
    it("does not run before the start is over, for a child " .. kind, function()
      compiled.need("unix")
      local _, output = run.traced("-e trace=close,rt_sigprocmask"
        .. " -e inject=close,rt_sigprocmask:delay_exit=20000", [[
        local options = require "spec.programs.options"
        local pidfd, unix = require "pidfd", require "unix"
        local function isstarting()
          local level, frame = 1
          repeat
            level = level + 1
            frame = debug.getinfo(level, "f")
          until not frame or frame.func == pidfd.spawn
          return frame ~= nil
        end
        unix.handle(pidfd.signal.ALRM, function()
          print("handled", isstarting())
        end)
        local p = pidfd.spawn(options {
          "sh", "-c", "kill -ALRM $PPID; exit 3",
        })
        print(p:wait())
      ]], options)
      assert.equal("handled\tfalse\nexit\t3\n", output)
    end)
  end
end)

describe("a debugger's hook that replaces what a start returns", function()
  it("makes it raise, and leaves nothing", function()
    if rawget(_G, "jit") then
      pending("LuaJIT has no hooks for the calls of C functions")
    end
    local output, errors = script.run([[
      local pidfd = require "pidfd"
      local spawned = require "spec.support.spawned"
      local fds = require "spec.support.fds"
      local function replace(level)
        for i = 1, 100 do
          local name, value = debug.getlocal(level, i)
          if not name then
            break
          end
          if pidfd.type(value) == "closed pidfd" then
            debug.setlocal(level, i, nil)
          end
        end
      end
      local before = fds.count()
      debug.sethook(function()
        local level = 1
        while debug.getinfo(level + 1, "l") do
          level = level + 1
          replace(level + 1)
        end
        collectgarbage()
      end, "c")
      local ok, message = pcall(pidfd.spawn, { "sleep", "60", stdin = "pipe" })
      debug.sethook()
      collectgarbage()
      print(ok, message, fds.count() - before, spawned.children())
    ]])
    assert.equal("", errors)
    assert.equal("false\tspawn: a hook has taken the pidfd away\t0\t\n", output)
  end)
end)

describe("a debugger's hook that replaces what a start waits for", function()
  it("makes it raise, and leaves nothing", function()
    if rawget(_G, "jit") then
      pending("LuaJIT has no hooks for the calls of C functions")
    end
    local output, errors = script.run([[
      local pidfd = require "pidfd"
      local spawned = require "spec.support.spawned"
      local fds = require "spec.support.fds"
      collectgarbage("stop")
      local before = fds.count()
      debug.sethook(function()
        local caller = debug.getinfo(3, "f")
        local _, value = debug.getlocal(2, 1)
        if caller and caller.func == pidfd.spawn and type(value) == "userdata"
            and not pidfd.type(value) then
          debug.setlocal(2, 1, nil)
        end
      end, "c")
      local ok, message = pcall(pidfd.spawn, { "sleep", "60", stdin = "pipe" })
      debug.sethook()
      collectgarbage()
      print(ok, message:match("a hook[^)]*"), fds.count() - before,
        spawned.children())
    ]])
    assert.equal("", errors)
    assert.equal("false\ta hook has taken it away\t0\t\n", output)
  end)
end)

describe("a debugger's hook that raises when the start is over", function()
  it("ends the child, and nothing is left", function()
    if rawget(_G, "jit") then
      pending("LuaJIT has no hooks for the return of C functions")
    end
    local output, errors = script.run([[
      local pidfd = require "pidfd"
      local spawned = require "spec.support.spawned"
      local fds = require "spec.support.fds"
      collectgarbage("stop")
      local before = fds.count()
      debug.sethook(function()
        local caller = debug.getinfo(3, "f")
        if caller and caller.func == pidfd.spawn then
          error("enough", 0)
        end
      end, "r")
      local ok, message = pcall(pidfd.spawn, { "sleep", "60" })
      debug.sethook()
      print(ok, message, fds.count() - before, spawned.children())
    ]])
    assert.equal("", errors)
    assert.equal("false\tenough\t0\t\n", output)
  end)
end)

local ends = {
  ["a child"] = "",
  ["a child from autoreap"] = "autoreap = true",
}

for name, options in sorted(ends) do
  describe(name .. " that was stopped before its program runs", function()
    it("is told to go on", function()
      if options ~= "" and not pidfd.supports("autoreap") then
        pending("CLONE_AUTOREAP (Linux 7.1, not on every machine)")
      end
      local trace, output = run.traced(
        "-f -e trace=execve,chdir,pidfd_send_signal"
          .. " -e inject=chdir:signal=STOP timeout -s KILL 60", [[
        local options = require "spec.programs.options"
        local pidfd = require "pidfd"
        for _ = 1, 3 do
          print(assert(pidfd.spawn(options { "true", cwd = "/" })):wait())
        end
      ]], options)
      assert.equal(("exit\t0\n"):rep(3), output)
      assert.matches("SIGCONT", trace)
    end)
  end)
end

describe("a child that is killed before its program runs", function()
  it("counts as started, and p:wait() tells of the signal", function()
    local _, output = run.traced(
      "-f -e trace=chdir -e inject=chdir:signal=KILL", [[
      local pidfd = require "pidfd"
      print(assert(pidfd.spawn { "true", cwd = "/" }):wait())
    ]])
    assert.equal("signal\t9\n", output)
  end)
end)
