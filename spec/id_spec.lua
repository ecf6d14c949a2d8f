local child = require "spec.support.child"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local run = require "spec.support.run"
local sorted = require "spec.support.sorted"

describe("p:id()", function()
  it("returns an integer that stays", function()
    kernel.need_pidfs()
    child.with(function(p)
      local id = assert(p:id())
      assert.equal("integer", math.type(id))
      p:send_signal("KILL")
      p:poll()
      assert.equal(id, p:id())
      p:wait()
      assert.equal(id, p:id())
    end)
  end)

  it("returns the inode number of the descriptor", function()
    kernel.need_pidfs()
    local p = assert(pidfd.self())
    local fdinfo = read("/proc/self/fdinfo/" .. p:fileno())
    assert.equal(fdinfo:match("ino:%s*(%d+)"), tostring(p:id()))
    p:close()
  end)

  it("returns the same for two pidfds of one process", function()
    kernel.need_pidfs()
    child.with(function(p, pid)
      local q = assert(pidfd.open(pid))
      assert.equal(p:id(), q:id())
      q:close()
    end)
  end)

  it("returns another for another process", function()
    kernel.need_pidfs()
    child.with(function(p)
      child.with(function(q)
        assert.not_equal(p:id(), q:id())
      end)
    end)
  end)

  it("fails with EOPNOTSUPP before Linux 6.9", function()
    kernel.need_before(6, 9)
    local p = assert(pidfd.self())
    local id, message, code = p:id()
    assert.is_nil(id)
    assert.matches("^id %d+: .*6%.9", message)
    assert.equal(pidfd.errno.EOPNOTSUPP, code)
    p:close()
  end)

  it("works for a process outside of the pid namespace", function()
    kernel.need_pidfs()
    local output = run.in_pid_namespace [[
      print(assert(require("pidfd").adopt(3):id()))
    ]]
    local p = assert(pidfd.self())
    assert.equal(p:id() .. "\n", output)
    p:close()
  end)

  it("makes no descriptor", function()
    local p = assert(pidfd.self())
    assert.equal(0, fds.leaked(function() p:id() end))
    p:close()
  end)
end)

-- Two pidfds of one process, by the way in which the second one was made.
local same = {
  ["opened twice"] = function(_, pid)
    return pidfd.open(pid)
  end,
  ["opened as a process and as a thread"] = function(_, pid)
    return pidfd.open(pid, pidfd.flags.THREAD)
  end,
  ["duplicated"] = function(p)
    return p:dup()
  end,
  ["duplicated by pidfd.getfd()"] = function(p)
    local self = assert(pidfd.self())
    local fd = assert(self:getfd(p:fileno()))
    self:close()
    return pidfd.adopt(fd:release())
  end,
}

describe("p == q", function()
  for how, make in sorted(same) do
    it("is true for the process of a pidfd that was " .. how, function()
      kernel.need_pidfs()
      child.with(function(p, pid)
        local q = assert(make(p, pid))
        assert.is_true(p == q and q == p)
        assert.is_false(p ~= q)
        p:send_signal("KILL")
        p:wait()
        assert.is_true(p == q)
        q:close()
      end)
    end)
  end

  it("is true for an object and itself, open or closed", function()
    local p = assert(pidfd.self())
    local again = p
    assert.is_true(p == again)
    p:close()
    assert.is_true(p == again)
  end)

  it("is false for different processes", function()
    child.with(function(p)
      child.with(function(q)
        assert.is_false(p == q)
        p:send_signal("KILL")
        q:send_signal("KILL")
        p:wait()
        q:wait()
        assert.is_false(p == q)
      end)
    end)
  end)

  it("is false before Linux 6.9 unless it is the same object", function()
    kernel.need_before(6, 9)
    local p, q = assert(pidfd.self()), assert(pidfd.self())
    assert.is_false(p == q)
    p:close()
    q:close()
  end)

  it("is false if one is closed, or both are", function()
    local p, q = assert(pidfd.self()), assert(pidfd.self())
    p:close()
    assert.is_false(p == q)
    assert.is_false(q == p)
    q:close()
    assert.is_false(p == q)
  end)

  it("is false when somebody else closed the number", function()
    local p, q = assert(pidfd.self()), assert(pidfd.self())
    pidfd.adopt(p:fileno()):close()
    assert.is_false(p == q)
    p:close()
    q:close()
  end)

  it("is false for anything else", function()
    local p = assert(pidfd.self())
    local fd = assert(p:getfd(p:fileno()))
    for _, stranger in pairs { 1, p:fileno(), "pidfd", true, {}, io.stdout,
      print, fd, coroutine.create(print) } do
      assert.is_false(p == stranger)
      assert.is_false(stranger == p)
    end
    assert.is_false(p == nil)
    fd:close()
    p:close()
  end)

  it("does not raise, whatever it is called with", function()
    local p = assert(pidfd.self())
    local eq = getmetatable(p).__eq
    for _, stranger in pairs { 1, "pidfd", {}, io.stdout } do
      assert.is_false(eq(p, stranger))
      assert.is_false(eq(stranger, p))
      assert.is_false(eq(stranger, stranger))
    end
    assert.is_false(eq())
    p:close()
  end)
end)
