local child = require "spec.support.child"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local misfits = require "spec.support.misfits"
local need = require "spec.support.need"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local sorted = require "spec.support.sorted"

local O_PATH = tonumber("10000000", 8) -- on x86 and most others

describe("pidfd.adopt()", function()
  it("returns a pidfd that owns the descriptor", function()
    child.with(function(p, pid)
      local number = assert(p:dup()):release()
      local q = assert(pidfd.adopt(number))
      assert.equal("pidfd", pidfd.type(q))
      assert.equal(number, q:fileno())
      assert.equal(pid, q:pid())
      assert.is_true(q:close())
      assert.is_false(fds.is_open(number))
    end)
  end)

  it("takes the pidfd of a zombie", function()
    child.with_zombie(function(p)
      local q = assert(pidfd.adopt(assert(p:dup()):release()))
      assert.is_true(q:poll(0))
      q:close()
    end)
  end)

  it("takes the pidfd of a process that was reaped", function()
    child.with_reaped(function(p)
      local q = assert(pidfd.adopt(assert(p:dup()):release()))
      assert.is_true(q:poll(0))
      q:close()
    end)
  end)

  it("makes the descriptor close-on-exec", function()
    local output = run.inheriting("env", [[
      local pidfd = require "pidfd"
      local function flags()
        return io.open("/proc/self/fdinfo/3"):read("a"):match("flags:%s*(%d+)")
      end
      print(flags())
      local p = assert(pidfd.adopt(3))
      print(flags())
      p:close()
    ]])
    local before, after = output:match("^(%d+)\n(%d+)\n$")
    local cloexec = tonumber("2000000", 8)
    assert.equal(tonumber(before, 8) + cloexec, tonumber(after, 8))
  end)

  -- Of what is no pidfd of Linux 6.9, only /proc knows.
  for name, told in sorted {
    ESRCH = "EIO", EREMOTE = "EIO", ENOMEM = "ENOMEM", EINTR = "EAGAIN",
  } do
    it(("fails with %s for a file after %s of /proc"):format(told, name),
      function()
        local trace, output = run.traced("-P /proc/thread-self/fdinfo/0"
          .. " -e trace=openat -e inject=openat:error=" .. name, [[
            local pidfd = require "pidfd"
            local p, _, code = pidfd.adopt(0) -- /dev/null
            print(p, pidfd.errno[code])
          ]])
        assert.matches("INJECTED", trace)
        assert.equal("nil\t" .. told, output:match("([^\n]*)\n$"))
      end)
  end

  local strangers = {
    ["a file"] = "9</dev/null",
    ["a directory"] = "9</",
    ["the /proc directory of a process"] = "9</proc/$$",
    ["a pipe"] = "9>&1",
  }

  for name, redirection in sorted(strangers) do
    it("fails with EBADF for " .. name .. ", and leaves it open", function()
      child.holding(redirection, function(q)
        local fd = assert(q:getfd(9))
        fails("adopt", "EBADF", pidfd.adopt(fd:fileno()))
        assert.is_true(fds.is_open(fd:fileno()))
        assert.is_true(fd:close())
      end)
    end)
  end

  it("fails with EBADF for a pidfd that was opened as a path", function()
    need("luv")
    local uv = require "luv"
    local p = assert(pidfd.self())
    local path = "/proc/self/fd/" .. p:fileno()
    local number = assert(uv.fs_open(path, O_PATH, 0))
    fails("adopt", "EBADF", pidfd.adopt(number))
    assert.is_true(fds.is_open(number))
    uv.fs_close(number)
    p:close()
  end)

  it("fails with EBADF for a number that is not open", function()
    local p = assert(pidfd.self())
    local number = p:fileno()
    p:close()
    fails("adopt", "EBADF", pidfd.adopt(number))
    fails("adopt", "EBADF", pidfd.adopt(2 ^ 31 - 1))
  end)

  it("raises without a number", function()
    assert.error_matches(function() pidfd.adopt() end, "bad argument #1")
    assert.error_matches(function() pidfd.adopt(nil) end, "bad argument #1")
  end)

  it("raises for a pidfd", function()
    local p = assert(pidfd.self())
    assert.error_matches(function() pidfd.adopt(p) end, "bad argument #1")
    p:close()
  end)

  for _, case in ipairs(misfits(0)) do
    it("raises when the number is " .. case.name, function()
      assert.error_matches(function()
        pidfd.adopt(case.value)
      end, "bad argument #1")
    end)
  end

  it("gives its descriptors back when the collector comes", function()
    assert.equal(0, fds.leaked(function()
      assert(pidfd.adopt(assert(pidfd.self()):release()))
    end))
  end)

  it("makes no descriptor when it fails", function()
    assert.equal(0, fds.leaked(function()
      fails("adopt", "EBADF", pidfd.adopt(0))
    end))
  end)
end)
