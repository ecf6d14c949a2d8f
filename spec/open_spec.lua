local child = require "spec.support.child"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local misfits = require "spec.support.misfits"
local need = require "spec.support.need"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"

describe("pidfd.open()", function()
  it("returns a handle on this process", function()
    local p = assert(pidfd.open(child.self()))
    assert.equal("pidfd", pidfd.type(p))
    p:close()
  end)

  it("returns a handle on the process that has the number", function()
    child.with(function(_, pid)
      local p = assert(pidfd.open(pid))
      assert.equal(pid, p:pid())
      p:close()
    end)
  end)

  it("returns a handle on a zombie", function()
    child.with_zombie(function(_, pid)
      local p = assert(pidfd.open(pid))
      assert.is_true(p:poll(0))
      p:close()
    end)
  end)

  it("takes a float that is a whole number", function()
    local p = assert(pidfd.open(child.self() + 0.0))
    assert.equal(child.self(), p:pid())
    p:close()
  end)

  it("makes a descriptor that is close-on-exec and blocks", function()
    local p = assert(pidfd.open(child.self()))
    assert.is_true(fds.has(p:fileno(), "CLOEXEC"))
    assert.is_false(fds.has(p:fileno(), "NONBLOCK"))
    p:close()
  end)

  it("takes the flag NONBLOCK", function()
    local p = assert(pidfd.open(child.self(), pidfd.flags.NONBLOCK))
    assert.is_true(fds.has(p:fileno(), "NONBLOCK"))
    p:close()
  end)

  it("takes nil for no flags", function()
    local p = assert(pidfd.open(child.self(), nil))
    p:close()
  end)

  it("fails with ESRCH when the process is gone", function()
    fails("open", "ESRCH", pidfd.open(child.reaped()))
  end)

  it("fails with EINVAL for an unknown flag", function()
    fails("open", "EINVAL", pidfd.open(child.self(), 0x40000000))
  end)

  it("fails with EINVAL for all 32 bits of the flags", function()
    fails("open", "EINVAL", pidfd.open(child.self(), 2 ^ 32 - 1))
  end)

  it("passes unknown flags on to the kernel", function()
    local trace = run.traced("-e trace=pidfd_open -e raw=pidfd_open",
      "local p = require 'pidfd'; p.open(p.self():pid(), 0x40000000)")
    assert.matches("pidfd_open%(0x%x+, 0x40000000%)", trace)
  end)

  it("never asks the kernel for pids that name no single process", function()
    local trace, output = run.traced("-e trace=pidfd_open", [[
      local pidfd = require "pidfd"
      for _, pid in ipairs { -1, 0, -0.0, math.mininteger, 2^32, 2^32 + 1 } do
        print(pcall(pidfd.open, pid))
      end
    ]])
    assert.equal("", trace)
    assert.equal(6, select(2, output:gsub("false[^\n]*\n", "")))
  end)

  it("raises without arguments", function()
    assert.error_matches(function() pidfd.open() end, "bad argument #1")
  end)

  for _, case in ipairs(misfits(child.self())) do
    it("raises when the pid is " .. case.name, function()
      assert.error_matches(function()
        pidfd.open(case.value)
      end, "bad argument #1")
    end)
  end

  for _, case in ipairs { { "0", 0 }, { "2^31", 2 ^ 31 }, { "nil", nil } } do
    it("raises when the pid is " .. case[1], function()
      assert.error_matches(function()
        pidfd.open(case[2])
      end, "bad argument #1")
    end)
  end

  for _, case in ipairs(misfits(0)) do
    it("raises when the flags are " .. case.name, function()
      assert.error_matches(function()
        pidfd.open(child.self(), case.value)
      end, "bad argument #2")
    end)
  end

  it("gives its descriptors back when the collector comes", function()
    local pid = child.self()
    assert.equal(0, fds.leaked(function()
      assert(pidfd.open(pid))
    end))
  end)

  it("does not wake a collector that was stopped", function()
    local output = script.run [[
      local pidfd = require "pidfd"
      local pid = pidfd.self():pid()
      collectgarbage("stop")
      local collected = false
      setmetatable({}, { __gc = function() collected = true end })
      for _ = 1, 5000 do
        assert(pidfd.open(pid)):close()
      end
      print(collected, collectgarbage("isrunning"))
    ]]
    assert.equal("false\tfalse\n", output)
  end)

  it("makes no descriptor when it fails", function()
    local pid = child.reaped()
    assert.equal(0, fds.leaked(function()
      fails("open", "ESRCH", pidfd.open(pid))
    end))
  end)
end)

-- A program that prints what becomes of the id of a thread which is not the
-- first of its process.
local open_thread = [[
  local pidfd, uv = require "pidfd", require "luv"
  uv.new_thread(function() require("luv").sleep(60000) end)
  local list = io.popen("ls /proc/" .. pidfd.self():pid() .. "/task")
  local _, thread = list:read("n", "n")
  list:close()
  print(pidfd.errno[select(3, pidfd.open(thread))])
  print(pidfd.type(pidfd.open(thread, pidfd.flags.THREAD)))
  os.exit(0)
]]

describe("pidfd.open() with a thread's id", function()
  it("fails without the flag THREAD", function()
    need("luv")
    local expected = kernel.at_least(6, 16) and "^ENOENT\n" or "^EINVAL\n"
    assert.matches(expected, run.under("exec", open_thread))
  end)

  it("returns a handle on it with the flag THREAD", function()
    need("luv")
    kernel.need(6, 9, "the flag THREAD")
    assert.matches("\npidfd\n$", run.under("exec", open_thread))
  end)
end)

describe("pidfd.self()", function()
  it("returns a handle on this process", function()
    local stat = assert(io.open("/proc/self/stat"))
    local p = assert(pidfd.self())
    assert.equal("pidfd", pidfd.type(p))
    assert.equal(stat:read("n"), p:pid())
    assert.is_false(p:poll(0))
    p:close()
    stat:close()
  end)

  it("makes a descriptor that is close-on-exec", function()
    local p = assert(pidfd.self())
    assert.is_true(fds.has(p:fileno(), "CLOEXEC"))
    p:close()
  end)

  it("takes the flag NONBLOCK", function()
    local p = assert(pidfd.self(pidfd.flags.NONBLOCK))
    assert.is_true(fds.has(p:fileno(), "NONBLOCK"))
    p:close()
  end)

  it("takes the flag THREAD", function()
    kernel.need(6, 9, "the flag THREAD")
    local p = assert(pidfd.self(pidfd.flags.THREAD))
    assert.equal(child.self(), p:pid()) -- Lua runs in the first thread
    p:close()
  end)

  it("returns, with the flag THREAD, the thread that calls", function()
    need("luv")
    kernel.need(6, 9, "the flag THREAD")
    local output = script.run [[
      require("luv").new_thread(function()
        local pidfd = require "pidfd"
        local p = assert(pidfd.self(pidfd.flags.THREAD))
        local file = assert(io.open("/proc/thread-self/stat"))
        local thread = file:read("*n")
        file:close()
        print(p:pid() == thread, pidfd.self():pid() == thread)
        p:close()
      end):join()
    ]]
    assert.equal("true\tfalse\n", output)
  end)

  it("fails with EINVAL for an unknown flag", function()
    fails("self", "EINVAL", pidfd.self(0x40000000))
  end)

  for _, case in ipairs(misfits(0)) do
    it("raises when the flags are " .. case.name, function()
      assert.error_matches(function()
        pidfd.self(case.value)
      end, "bad argument #1")
    end)
  end

  it("gives its descriptors back when the collector comes", function()
    assert.equal(0, fds.leaked(function()
      assert(pidfd.self())
    end))
  end)

  it("makes no descriptor when it fails", function()
    assert.equal(0, fds.leaked(function()
      fails("self", "EINVAL", pidfd.self(0x40000000))
    end))
  end)
end)
