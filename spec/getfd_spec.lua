local child = require "spec.support.child"
local elsewhere = require "spec.support.elsewhere"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local misfits = require "spec.support.misfits"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local sorted = require "spec.support.sorted"

-- A number that is open neither in the process behind 'p' nor here, and that
-- it will not reach by opening something in this moment.
local function unused(p)
  local self = assert(pidfd.self())
  local theirs, ours = assert(p:fds()), assert(self:fds())
  local number = 100
  while theirs[number] or ours[number] do
    number = number + 1
  end
  self:close()
  return number
end

describe("p:getfd()", function()
  local p

  before_each(function()
    p = assert(pidfd.self())
  end)

  after_each(function()
    p:close()
  end)

  it("returns a duplicate of a child's descriptor", function()
    fds.with_file(function(_, _, path)
      child.holding("9<" .. path, function(q)
        local fd = assert(q:getfd(9))
        assert.equal("pidfd.fd", pidfd.type(fd))
        assert.equal(path, p:fds()[fd:fileno()])
        fd:close()
        assert.equal(path, q:fds()[9])
      end)
    end)
  end)

  it("shares the offset with the original", function()
    fds.with_file(function(file, number)
      local copy = assert(p:getfd(number)):file("r+")
      file:write("abc")
      file:flush()
      assert.equal(3, copy:seek())
      copy:seek("set", 1)
      assert.equal("bc", file:read("a"))
      copy:close()
    end)
  end)

  it("writes to the file of the original", function()
    fds.with_file(function(file, number)
      local copy = assert(p:getfd(number)):file("w")
      copy:write("written to the copy")
      copy:close()
      file:seek("set", 0)
      assert.equal("written to the copy", file:read("a"))
    end)
  end)

  it("makes a descriptor that is close-on-exec", function()
    local fd = assert(p:getfd(0))
    assert.is_true(fds.has(fd:fileno(), "CLOEXEC"))
    fd:close()
  end)

  it("takes a float that is a whole number", function()
    local fd = assert(p:getfd(0.0))
    fd:close()
  end)

  it("returns a duplicate of a pidfd that is a pidfd itself", function()
    local fd = assert(p:getfd(p:fileno()))
    local q = assert(pidfd.adopt(fd:release()))
    assert.equal(child.self(), q:pid())
    q:close()
  end)

  it("fails with EBADF for a number that is not open there", function()
    child.with(function(q)
      fails("getfd", "EBADF", q:getfd(unused(q)))
    end)
  end)

  it("fails with EBADF for a number that is open only here", function()
    child.with(function(q)
      local here = fds.take(unused(q))
      fails("getfd", "EBADF", q:getfd(here:fileno()))
      here:close()
    end)
  end)

  it("fails with ESRCH for a zombie", function()
    child.with_zombie(function(q)
      fails("getfd", kernel.at_least(6, 1) and "ESRCH" or "EBADF",
        q:getfd(0))
    end)
  end)

  it("fails with ESRCH for a process that was reaped", function()
    child.with_reaped(function(q)
      fails("getfd", "ESRCH", q:getfd(0))
    end)
  end)

  it("fails with EPERM for another user's process", function()
    assert.equal("EPERM", (elsewhere.as_stranger "p:getfd(0)"))
  end)

  it("fails with EINVAL for an unknown flag", function()
    fails("getfd", "EINVAL", p:getfd(0, 0x40000000))
  end)

  it("fails with EINVAL for all 32 bits of the flags", function()
    fails("getfd", "EINVAL", p:getfd(0, 2 ^ 32 - 1))
  end)

  it("passes unknown flags on to the kernel", function()
    local trace = run.traced("-e trace=pidfd_getfd -e raw=pidfd_getfd",
      "require('pidfd').self():getfd(7, 0x40000000)")
    assert.matches("pidfd_getfd%(0x%x+, 0x7, 0x40000000%)", trace)
  end)

  for _, case in ipairs(misfits(0)) do
    it("raises when the number is " .. case.name, function()
      assert.error_matches(function()
        p:getfd(case.value)
      end, "bad argument")
    end)

    it("raises when the flags are " .. case.name, function()
      assert.error_matches(function()
        p:getfd(0, case.value)
      end, "bad argument")
    end)
  end

  it("raises when the number is nil", function()
    assert.error_matches(function() p:getfd(nil) end, "bad argument")
    assert.error_matches(function() p:getfd(nil, 0) end, "bad argument")
  end)

  local objects = {
    ["a pidfd"] = function() return (pidfd.self()) end,
    ["a pidfd.fd"] = function() return (p:getfd(0)) end,
    ["a closed pidfd.fd"] = function()
      local fd = p:getfd(0)
      fd:close()
      return fd
    end,
    ["a file"] = function() return io.stdin end,
    ["a table with fileno()"] = function()
      return { fileno = function() return 0 end }
    end,
  }

  for name, make in sorted(objects) do
    it("raises for " .. name .. ", and says what is wanted", function()
      assert.error_matches(function()
        p:getfd(make())
      end, "number in the other process's descriptor table")
    end)
  end

  it("returns its own number without arguments", function()
    assert.equal(p:fileno(), p:getfd())
  end)

  it("raises for an object that is not a pidfd", function()
    local fd = assert(p:getfd(0))
    assert.error_matches(function() p.getfd(fd, 0) end, "pidfd expected")
    fd:close()
  end)

  it("gives its descriptors back when the collector comes", function()
    assert.equal(0, fds.leaked(function()
      assert(p:getfd(0))
    end))
  end)

  it("makes no descriptor when it fails", function()
    local number = 1000000
    assert.equal(0, fds.leaked(function()
      fails("getfd", "EBADF", p:getfd(number))
    end))
  end)
end)

describe("pidfd.getfd()", function()
  it("is p:getfd() as a function", function()
    fds.with_file(function(file, number)
      local p = assert(pidfd.self())
      local copy = assert(pidfd.getfd(p, number, 0)):file("w")
      copy:write("through the function")
      copy:close()
      p:close()
      file:seek("set", 0)
      assert.equal("through the function", file:read("a"))
    end)
  end)

  it("raises without a number", function()
    local p = assert(pidfd.self())
    assert.error_matches(function() pidfd.getfd(p) end, "bad argument #2")
    p:close()
  end)

  it("raises for a closed pidfd", function()
    local p = assert(pidfd.self())
    p:close()
    assert.error_matches(function() pidfd.getfd(p, 0) end, "closed pidfd")
  end)

  local others = {
    ["a pid"] = 1,
    ["a file"] = io.stdin,
    ["a table"] = {},
    ["a string"] = "pidfd",
  }

  for name, value in sorted(others) do
    it("raises for " .. name .. " instead of a pidfd", function()
      assert.error_matches(function() pidfd.getfd(value, 0) end,
        "bad argument #1")
    end)
  end
end)
