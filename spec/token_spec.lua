local child = require "spec.support.child"
local elsewhere = require "spec.support.elsewhere"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local scarce = require "spec.support.scarce"
local tokens = require "spec.support.tokens"

describe("p:token()", function()
  it("returns a string that names the process", function()
    kernel.need_pidfs()
    child.with(function(p)
      assert.equal(tokens.with(p, {}), p:token())
    end)
  end)

  it("returns the same for any pidfd of the process, at any time",
    function()
      kernel.need_pidfs()
      child.with(function(p, pid)
        local token = assert(p:token())
        local q = assert(pidfd.open(pid))
        p:send_signal("KILL")
        p:poll()
        assert.equal(token, q:token())
        q:close()
      end)
    end)

  it("returns another for another process", function()
    kernel.need_pidfs()
    child.with(function(p)
      child.with(function(q)
        assert.not_equal(p:token(), q:token())
      end)
    end)
  end)

  it("fails with ESRCH for a process that was reaped", function()
    kernel.need_pidfs()
    child.with_reaped(function(p)
      fails("token", "ESRCH", p:token())
    end)
  end)

  it("fails with EREMOTE for one outside of the pid namespace", function()
    kernel.need_pidfs()
    assert.equal("EREMOTE", (elsewhere.outside "p:token()"))
  end)

  it("fails with ENOENT where /proc is hidden", function()
    kernel.need_pidfs()
    assert.equal("ENOENT", (elsewhere.without_proc "p:token()"))
  end)

  it("fails with EOPNOTSUPP before Linux 6.9", function()
    kernel.need_before(6, 9)
    local p = assert(pidfd.self())
    fails("token", "EOPNOTSUPP", p:token())
    p:close()
  end)

  it("makes no descriptor that stays", function()
    local p = assert(pidfd.self())
    assert.equal(0, fds.leaked(function() p:token() end))
    p:close()
    child.with_reaped(function(q)
      assert.equal(0, fds.leaked(function() q:token() end))
    end)
  end)

  it("lets the collector look for a descriptor", function()
    kernel.need_pidfs()
    local prepare, call = "local p = pidfd.self()", "p:token()"
    assert.equal("returns", scarce.with_garbage(prepare, call))
    assert.equal("EMFILE", scarce.without_garbage(prepare, call))
  end)
end)
