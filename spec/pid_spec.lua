local child = require "spec.support.child"
local elsewhere = require "spec.support.elsewhere"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local run = require "spec.support.run"

describe("p:pid()", function()
  it("returns the number of this process", function()
    local stat = assert(io.open("/proc/self/stat"))
    local p = assert(pidfd.self())
    assert.equal(stat:read("n"), p:pid())
    p:close()
    stat:close()
  end)

  it("returns an integer", function()
    local p = assert(pidfd.self())
    assert.equal("integer", math.type(p:pid()))
    p:close()
  end)

  it("returns the number of a child", function()
    child.of("echo $$; exec sleep 60", function(p, pid)
      assert.equal(pid, p:pid())
    end)
  end)

  it("returns the number of a process that is another's child", function()
    child.with_grandchild(function(p, pid)
      assert.equal(pid, p:pid())
    end)
  end)

  it("returns the number of a zombie", function()
    child.with_zombie(function(p, pid)
      assert.equal(pid, p:pid())
    end)
  end)

  it("fails with ESRCH once the process has been reaped", function()
    child.with_reaped(function(p)
      fails("pid", "ESRCH", p:pid())
    end)
  end)

  it("fails with EREMOTE for one outside of the pid namespace", function()
    assert.equal("EREMOTE", (elsewhere.outside "p:pid()"))
  end)

  it("returns the number where a filter answers 0 for the kernel", function()
    assert.equal("true\n", run.under(run.refusing("ioctl", 0), [[
      io.stdout:setvbuf("full") -- or musl asks for a terminal
      local p = require("pidfd").self()
      print(p:pid() == math.tointeger(tonumber(p:proc("stat"):match("^%d+"))))
      os.exit(true)
    ]]))
  end)

  it("makes no descriptor that stays", function()
    child.with_reaped(function(p)
      local q = assert(pidfd.self())
      assert.equal(0, fds.leaked(function()
        q:pid()
        p:pid()
      end))
      q:close()
    end)
  end)
end)
