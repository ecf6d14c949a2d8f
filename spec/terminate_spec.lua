local child = require "spec.support.child"
local elsewhere = require "spec.support.elsewhere"
local ended = require "spec.support.ended"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"
local state = require "spec.support.state"
local times = require "spec.support.times"

local assert_end = ended.assert

describe("p:terminate()", function()
  it("ends a process by SIGTERM", function()
    child.with(function(p)
      assert_end("signal", pidfd.signal.TERM, p:terminate(60))
    end)
  end)

  it("gives a process the time to end in its own way", function()
    local command = "trap 'sleep 0.05; exit 3' TERM; echo; read line"
    child.ready({ "sh", "-c", command, stdin = "pipe" }, function(p)
      assert_end("exit", 3, p:terminate(60))
    end)
  end)

  for _, grace in ipairs { 0, 0.02 } do
    it(("ends a process that ignores SIGTERM after %g s"):format(grace),
      function()
        child.after("trap '' TERM", function(p)
          assert_end("signal", pidfd.signal.KILL, p:terminate(grace))
        end)
      end)
  end

  it("lets a process that is stopped act on SIGTERM", function()
    local command = "trap 'exit 3' TERM; echo; read line; exit 4"
    child.ready({ "sh", "-c", command, stdin = "pipe" }, function(p)
      p:send_signal("STOP")
      state.await(p:pid(), "T")
      assert_end("exit", 3, p:terminate(60))
    end)
  end)

  it("ends a process that is stopped and ignores SIGTERM", function()
    child.after("trap '' TERM", function(p, pid)
      p:send_signal("STOP")
      state.await(pid, "T")
      assert_end("signal", pidfd.signal.KILL, p:terminate(0.02))
    end)
  end)

  it("leaves a child to its owner with \"peek\"", function()
    child.with(function(p)
      assert_end("signal", 15, p:terminate(60, "peek"))
      assert.is_true(p:send_signal(0)) -- a zombie
      assert_end("signal", 15, p:terminate(60, "peek"))
      assert_end("signal", 15, p:terminate(60))
      assert.equal("ESRCH", pidfd.errno[select(3, p:send_signal(0))])
    end)
  end)

  it("fails with ETIMEDOUT when SIGKILL does not end it", function()
    -- the signals do not arrive
    local trace, output = run.traced("-e trace=pidfd_send_signal"
      .. " -e inject=pidfd_send_signal:retval=0", [[
        local pidfd = require "pidfd"
        local p = assert(pidfd.spawn { "sleep", "60", pdeathsig = "KILL" })
        print(pidfd.errno[select(3, p:terminate(0.02))])
      ]])
    assert.equal("ETIMEDOUT\n", output)
    assert.matches("SIGTERM.*SIGCONT.*SIGKILL", trace)
  end)

  it("fails with EPERM for the init of this pid namespace", function()
    local output = run.unshared("--pid --fork --mount-proc",
      "require 'spec.programs.init'", script.command [[
      local pidfd = require "pidfd"
      local _, message, code = pidfd.adopt(3):terminate(0)
      print(pidfd.errno[code], message:match("init"))
    ]])
    assert.equal("EPERM\tinit\n", output)
  end)

  it("fails with EPERM for a thread of the kernel", function()
    local stat = io.open("/proc/2/stat")
    local text = stat and stat:read("a") or ""
    if stat then
      stat:close()
    end
    if not text:match("%(kthreadd%)") then
      pending("needs to see the threads of the kernel")
    end
    local p = assert(pidfd.open(2))
    local result, message, code = p:terminate(0)
    fails("terminate", "EPERM", result, message, code)
    assert.matches("thread of the kernel", message)
    p:close()
  end)

  -- As before Linux 6.13, where the number is told by /proc only.
  local NO_INFO = "-e trace=ioctl,pidfd_send_signal"
    .. " -e inject=ioctl:error=ENOTTY"

  for name, is_full in sorted {
    ["/proc is not mounted"] = false,
    ["no descriptor is left"] = true,
  } do
    it("fails with EDEADLK for this process when " .. name, function()
      run.need_strace()
      local strace = "strace -qq -o /dev/null " .. NO_INFO
      local program = [[
        local pidfd = require "pidfd"
        local p = pidfd.self()
        if arg[1] then
          local full = require "spec.programs.full"
          full.fill()
        end
        print(pidfd.errno[select(3, p:terminate(0))])
        print(pidfd.errno[select(3, p:wait(1))])
        os.exit() -- without a descriptor, Lua cannot go on to the next file
      ]]
      local output
      if is_full then
        output = run.under("ulimit -n 32; exec " .. strace, program, "full")
      elseif os.getenv("LD_PRELOAD") then
        pending("a sanitizer complains where /proc is not mounted")
      else
        output = run.unshared_by_root(run.without_proc .. " " .. strace,
          program)
      end
      assert.equal("EDEADLK\nEDEADLK\n", output)
    end)
  end

  for _, word in ipairs { "peak", "", "Peek" } do
    it(("raises for the option %q, without a signal"):format(word), function()
      child.with(function(p)
        assert.error_matches(function() p:terminate(0, word) end,
          "'peek' expected, got '" .. word .. "'")
        assert.is_false(p:poll(0.01))
      end)
    end)
  end

  it("ends a process that is not a child", function()
    child.with_grandchild(function(p)
      local how, code = p:terminate(60)
      assert.is_true(how == "signal" and code == 15 or how == "unknown")
      assert.is_true(p:poll(0))
    end)
  end)

  it("reaps a child", function()
    child.with(function(p)
      assert(p:terminate(60))
      assert.equal("ESRCH", pidfd.errno[select(3, p:send_signal(0))])
    end)
  end)

  it("returns the end of a child that was over already", function()
    child.shell("exit 3", function(p)
      p:poll()
      assert_end("exit", 3, p:terminate(60))
    end)
  end)

  it("returns the end again", function()
    child.with(function(p)
      assert_end("signal", 15, p:terminate(60))
      assert_end("signal", 15, p:terminate(60))
      assert_end("signal", 15, p:wait())
    end)
  end)

  it("returns after somebody else has reaped the process", function()
    child.with_reaped(function(p)
      local how, code = p:terminate(60)
      assert.is_true(how == "signal" and code == 9 or how == "unknown")
    end)
  end)

  it("fails with EDEADLK for this process, which gets no signal", function()
    local p = assert(pidfd.self())
    fails("terminate", "EDEADLK", p:terminate(0))
    fails("terminate", "EDEADLK", p:terminate(60))
    p:close()
  end)

  it("fails with EPERM for another user's process", function()
    assert.equal("EPERM", (elsewhere.as_stranger "p:terminate(0)"))
  end)

  it("fails with EINVAL for one outside of the pid namespace", function()
    assert.equal("EINVAL", (elsewhere.outside "p:terminate(0)"))
  end)

  it("raises without a time, and sends no signal", function()
    child.with(function(p)
      assert.error_matches(function() p:terminate() end, "bad argument")
      assert.error_matches(function() p:terminate(nil) end, "bad argument")
      assert.is_false(p:poll(0.01))
    end)
  end)

  for _, case in ipairs(times.wrong) do
    it("raises for " .. case.name .. ", and sends no signal", function()
      child.with(function(p)
        assert.error_matches(function() p:terminate(case.value) end,
          "bad argument")
        assert.is_false(p:poll(0.01))
      end)
    end)
  end

  it("makes no descriptor that stays", function()
    child.with_zombie(function(p)
      assert.equal(0, fds.leaked(function()
        local q = assert(p:dup())
        assert(q:terminate(0))
        q:close()
      end))
    end)
  end)

  it("makes no descriptor that stays when it fails", function()
    local p = assert(pidfd.self())
    assert.equal(0, fds.leaked(function()
      fails("terminate", "EDEADLK", p:terminate(0))
    end))
    p:close()
  end)
end)
