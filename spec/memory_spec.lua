local child = require "spec.support.child"
local fails = require "spec.support.fails"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local subject = require "spec.support.subject"

local KIB = 1024

local function need_mrelease()
  if not pidfd.supports("mrelease") then
    pending("process_mrelease(2) (Linux 5.15)")
  end
end

describe("p:mrelease()", function()
  -- In KiB; nil once there is no memory at all.
  local function resident(p)
    local status = p:proc("status")
    local size = status and status:match("\nRssAnon:%s*(%d+)")
    return size and math.tointeger(size)
  end

  it("returns true, or fails with ESRCH, once the process is killed",
    function()
      need_mrelease()
      subject.with({ "memory", "64" }, function(p)
        assert.is_true(resident(p) >= 64 * KIB)
        assert(p:send_signal("KILL"))
        local ok, _, code = p:mrelease()
        if ok then
          assert.is_true(ok)
          assert.is_true((resident(p) or 0) < 64 * KIB)
        else
          assert.equal(pidfd.errno.ESRCH, code)
        end
        assert.is_true(p:poll(60))
      end)
    end)

  it("asks the kernel without flags", function()
    need_mrelease()
    local trace = run.traced("-e trace=process_mrelease",
      "require('pidfd').self():mrelease()")
    assert.matches("^process_mrelease%(%d+, 0%) += %-1 EINVAL", trace)
  end)

  it("fails with EINVAL for a process that goes on", function()
    need_mrelease()
    child.with(function(p)
      fails("mrelease", "EINVAL", p:mrelease())
      assert.is_false(p:poll(0))
    end)
  end)

  it("fails with ESRCH for a process that is over", function()
    need_mrelease()
    child.with_zombie(function(p)
      fails("mrelease", "ESRCH", p:mrelease())
    end)
    child.with_reaped(function(p)
      fails("mrelease", "ESRCH", p:mrelease())
    end)
  end)
end)
