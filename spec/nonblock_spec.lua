local ensure = require "spec.support.ensure"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local misfits = require "spec.support.misfits"
local pidfd = require "pidfd"
local read = require "spec.support.read"

-- Lend 'use' a pidfd.fd, and the number of the descriptor it was taken from.
local function with_fd(use)
  fds.with_file(function(_, number)
    local p = assert(pidfd.self())
    local fd = assert(p:getfd(number))
    ensure(use, function()
      fd:close()
      p:close()
    end, fd, number)
  end)
end

describe("fd:nonblock()", function()
  it("returns true, and sets the flag", function()
    with_fd(function(fd)
      assert.is_false(fds.has(fd:fileno(), "NONBLOCK"))
      assert.is_true(fd:nonblock(true))
      assert.is_true(fds.has(fd:fileno(), "NONBLOCK"))
    end)
  end)

  it("returns true, and clears the flag", function()
    with_fd(function(fd)
      fd:nonblock(true)
      assert.is_true(fd:nonblock(false))
      assert.is_false(fds.has(fd:fileno(), "NONBLOCK"))
    end)
  end)

  it("changes nothing where the flag is as it should be", function()
    with_fd(function(fd)
      assert.is_true(fd:nonblock(false))
      assert.is_false(fds.has(fd:fileno(), "NONBLOCK"))
      fd:nonblock(true)
      assert.is_true(fd:nonblock(true))
      assert.is_true(fds.has(fd:fileno(), "NONBLOCK"))
    end)
  end)

  it("changes the original, too: they are one open file", function()
    with_fd(function(fd, number)
      fd:nonblock(true)
      assert.is_true(fds.has(number, "NONBLOCK"))
    end)
  end)

  it("leaves the other flags alone", function()
    fds.with_file(function(_, number)
      local p = assert(pidfd.self())
      local fd = assert(p:getfd(number))
      local function flags()
        return read("/proc/self/fdinfo/" .. fd:fileno()):match("flags:%s*%d+")
      end
      local before = flags()
      fd:nonblock(true)
      fd:nonblock(false)
      assert.equal(before, flags())
      fd:close()
      p:close()
    end, "a")
  end)

  it("fails with EBADF when somebody else closed the number", function()
    local p = assert(pidfd.self())
    local fd = assert(p:getfd(p:fileno()))
    pidfd.adopt(fd:fileno()):close()
    fails("nonblock", "EBADF", fd:nonblock(true))
    fd:close()
    p:close()
  end)

  it("raises without a boolean", function()
    with_fd(function(fd)
      assert.error_matches(function() fd:nonblock() end, "bad argument")
      assert.error_matches(function() fd:nonblock(nil) end, "bad argument")
    end)
  end)

  for _, case in ipairs(misfits(1)) do
    if type(case.value) ~= "boolean" then
      it("raises for " .. case.name, function()
        with_fd(function(fd)
          assert.error_matches(function()
            fd:nonblock(case.value)
          end, "bad argument")
        end)
      end)
    end
  end

  it("raises for a pidfd", function()
    with_fd(function(fd)
      local p = assert(pidfd.self())
      assert.error_matches(function()
        fd.nonblock(p, true)
      end, "pidfd.fd expected")
      p:close()
    end)
  end)
end)
