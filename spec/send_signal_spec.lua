local child = require "spec.support.child"
local elsewhere = require "spec.support.elsewhere"
local fails = require "spec.support.fails"
local misfits = require "spec.support.misfits"
local pidfd = require "pidfd"

describe("p:send_signal()", function()
  local delivered = {
    { "TERM", 15 },
    { "SIGTERM", 15 },
    { 15, 15 },
    { 15.0, 15 },
    { "KILL", 9 },
    { "SIGUSR1", pidfd.signal.USR1 },
    { "IO", pidfd.signal.IO },
    { "POLL", pidfd.signal.IO },
    { "RTMIN", pidfd.signal.RTMIN },
    { "SIGRTMIN", pidfd.signal.RTMIN },
    { "RTMIN+0", pidfd.signal.RTMIN },
    { "RTMIN+3", pidfd.signal.RTMIN + 3 },
    { "SIGRTMIN+12", pidfd.signal.RTMIN + 12 },
    { "RTMAX", pidfd.signal.RTMAX },
    { "RTMAX-1", pidfd.signal.RTMAX - 1 },
    { pidfd.signal.RTMAX, pidfd.signal.RTMAX },
  }

  for _, case in ipairs(delivered) do
    local sig, number = case[1], case[2]

    it(("returns true for %q, and sends signal %d"):format(sig, number),
      function()
        child.with(function(p)
          assert.is_true(p:send_signal(sig))
          local how, code = p:wait(60)
          assert.equal("signal", how)
          assert.equal(number, code)
        end)
      end)
  end

  it("signals a process that is not a child", function()
    child.with_grandchild(function(p)
      assert.is_true(p:send_signal("TERM"))
      assert.is_true(p:poll())
    end)
  end)

  it("delivers nothing for signal 0", function()
    child.with(function(p)
      assert.is_true(p:send_signal(0))
      assert.is_false(p:poll(0.01))
    end)
  end)

  it("returns true for a zombie", function()
    child.with_zombie(function(p)
      assert.is_true(p:send_signal(0))
      assert.is_true(p:send_signal("TERM"))
    end)
  end)

  it("fails with ESRCH once the process has been reaped", function()
    child.with_reaped(function(p)
      fails("send_signal", "ESRCH", p:send_signal(0))
      fails("send_signal", "ESRCH", p:send_signal("TERM"))
    end)
  end)

  it("fails with EPERM for another user's process", function()
    assert.equal("EPERM", (elsewhere.as_stranger "p:send_signal(0)"))
  end)

  it("fails with EINVAL for one outside of the pid namespace", function()
    assert.equal("EINVAL", (elsewhere.outside "p:send_signal(0)"))
  end)

  for _, sig in ipairs { 65, 1000, 2 ^ 31 - 1 } do
    it(("fails with EINVAL for signal %d"):format(sig), function()
      child.with(function(p)
        fails("send_signal", "EINVAL", p:send_signal(sig))
      end)
    end)
  end

  local unknown = {
    "", "term", "Term", "sigterm", "SIG", "SIGSIGTERM", "TERMS", " TERM",
    "TERM\0x", "TERM\0", "NOPE", "0", "15", "RTMIN-1", "RTMAX+1", "RTMIN+31",
    "RTMAX-31", "RTMIN+", "RTMIN+x", "RTMIN+1x", "RTMIN+1\0", "RTMIN++1",
    "RTMIN+-1", "RTMIN+ 1", "RTMIN3", "RT",
    "RTMIN+4294967296", "RTMIN+99999999999999999999",
    "RTMAX-99999999999999999999",
  }

  for _, name in ipairs(unknown) do
    it(("raises for the name %q"):format(name), function()
      child.with(function(p)
        assert.error_matches(function() p:send_signal(name) end,
          name:find("\0", 1, true) and "without zeros" or "name of a signal")
        assert.is_false(p:poll(0))
      end)
    end)
  end

  for _, case in ipairs(misfits(0)) do
    it("raises for " .. case.name, function()
      local p = assert(pidfd.self())
      assert.error_matches(function()
        p:send_signal(case.value)
      end, "bad argument")
      p:close()
    end)
  end

  it("raises without a signal", function()
    child.with(function(p)
      assert.error_matches(function() p:send_signal() end, "bad argument")
      assert.error_matches(function() p:send_signal(nil) end, "bad argument")
      assert.is_false(p:poll(0))
    end)
  end)
end)
