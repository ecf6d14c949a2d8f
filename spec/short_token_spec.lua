local child = require "spec.support.child"
local fails = require "spec.support.fails"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local spawned = require "spec.support.spawned"

describe("p:token('short')", function()
  it("returns the pid and the id", function()
    kernel.need_pidfs()
    child.with(function(p, pid)
      assert.equal(("%d:%d"):format(pid, p:id()), p:token("short"))
    end)
  end)

  it("names the inode that stat(1) tells", function()
    kernel.need_pidfs()
    child.with(function(p)
      local inode = spawned.output { "stat", "-Lc", "%i", "/proc/self/fd/3",
        fds = { [3] = p } }
      assert.equal(p:pid() .. ":" .. inode, p:token("short") .. "\n")
    end)
  end)

  it("fails with EINVAL for a thread, which it cannot name", function()
    kernel.need_pidfs()
    local thread = assert(pidfd.self(pidfd.flags.THREAD))
    fails("token", "EINVAL", thread:token("short"))
    thread:close()
  end)

  it("fails with ESRCH for a process that was reaped", function()
    kernel.need_pidfs()
    child.with_reaped(function(p)
      fails("token", "ESRCH", p:token("short"))
    end)
  end)

  it("fails with EOPNOTSUPP before Linux 6.9", function()
    kernel.need_before(6, 9)
    local p = assert(pidfd.self())
    local _, message = p:token("short")
    fails("token", "EOPNOTSUPP", p:token("short"))
    assert.matches("%(before Linux 6%.9%)$", message)
    p:close()
  end)

  it("raises for another form", function()
    local p = assert(pidfd.self())
    for _, form in ipairs { "", "long", "SHORT", "short\0" } do
      assert.error_matches(function() p:token(form) end, "bad argument #1")
    end
    for _, form in ipairs { 1, true, {} } do
      assert.error_matches(function() p:token(form) end, "bad argument #1")
    end
    assert.error_matches(function() p:token(nil) end, "bad argument #1")
    p:close()
  end)
end)

describe("pidfd.from_token() of a short one", function()
  it("finds the main process that systemd names", function()
    kernel.need_pidfs()
    child.with(function(p, pid)
      local output = script.run([[
        local pidfd = require "pidfd"
        local MAINPID, MAINPIDFDID = arg[1], arg[2]
        print(assert(pidfd.from_token(MAINPID .. ":" .. MAINPIDFDID)):pid())
      ]], pid, p:id())
      assert.equal(pid .. "\n", output)
    end)
  end)

  it("needs no /proc", function()
    kernel.need_pidfs()
    kernel.need(6, 13, "the pid without /proc")
    local output = run.unshared(run.without_proc, [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.self())
      print(pidfd.from_token(assert(p:token("short"))) == p)
    ]])
    assert.equal("true\n", output)
  end)

  -- Each of these is a token to a careless reader.
  it("fails with EINVAL for what is no token", function()
    local pid, id = child.self(), "50369"
    for _, token in ipairs {
      pid, pid .. ":", ":" .. id, ":", pid .. ":" .. id .. ":",
      pid .. "::" .. id, pid .. ":" .. id .. " ", " " .. pid .. ":" .. id,
      pid .. " :" .. id, pid .. ": " .. id, pid .. ":" .. id .. "\n",
      pid .. ":" .. id .. "\0", pid .. "\0:" .. id, "0" .. pid .. ":" .. id,
      pid .. ":0" .. id, pid .. ":0", "0:" .. id, "-" .. pid .. ":" .. id,
      "+" .. pid .. ":" .. id, pid .. ":-" .. id, pid .. ":+" .. id,
      ("0x%x:%s"):format(pid, id), pid .. ":0x" .. id, pid .. "," .. id,
      ("%d:%s"):format(pid + 4294967296, id), "2147483648:" .. id,
      ("9"):rep(40) .. ":" .. id, pid .. ":" .. ("9"):rep(40),
      pid .. ":9223372036854775807", pid .. ":" .. id .. ":1", pid .. ":1.0",
      pid .. ":1e3",
    } do
      fails("from_token", "EINVAL", pidfd.from_token(tostring(token)))
    end
  end)
end)
