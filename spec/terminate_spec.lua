local child = require "spec.support.child"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local state = require "spec.support.state"
local times = require "spec.support.times"

local function assert_end(expected_how, expected_code, how, code, ...)
  assert.equal(expected_how, how)
  assert.equal(expected_code, code)
  assert.equal(0, select("#", ...))
end

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

  it("ends a process that is stopped, and so does not get SIGTERM", function()
    child.with(function(p, pid)
      p:send_signal("STOP")
      state.await(pid, "T")
      assert_end("signal", pidfd.signal.KILL, p:terminate(0.02))
    end)
  end)

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
    local output = run.as_stranger [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.open(math.tointeger(arg[1])))
      print(pidfd.errno[select(3, p:terminate(0))])
    ]]
    if not output then
      pending("needs root")
    end
    assert.equal("EPERM\n", output)
  end)

  it("fails with EINVAL for one outside of the pid namespace", function()
    local output = run.in_pid_namespace [[
      local pidfd = require "pidfd"
      print(pidfd.errno[select(3, assert(pidfd.adopt(3)):terminate(0))])
    ]]
    if not output then
      pending("needs luv, and namespaces of its own")
    end
    assert.equal("EINVAL\n", output)
  end)

  it("fails with EBADF when somebody else closed the number", function()
    local p = assert(pidfd.self())
    pidfd.adopt(p:fileno()):close()
    fails("terminate", "EBADF", p:terminate(0))
    p:close()
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

  it("raises for a pidfd.fd", function()
    local p = assert(pidfd.self())
    local fd = assert(p:getfd(p:fileno()))
    assert.error_matches(function() p.terminate(fd, 0) end, "pidfd expected")
    fd:close()
    p:close()
  end)

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
