local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"
local stream = require "spec.support.stream"

describe("fd:read()", function()
  for _, kind in ipairs(stream.kinds) do
    for _, nonblock in ipairs { false, true } do
      local what = kind .. (nonblock and " with O_NONBLOCK" or "")

      local function with(use)
        stream.with(kind, function(input, output)
          assert(input:nonblock(nonblock))
          assert(output:nonblock(nonblock))
          use(input, output)
          assert.equal(nonblock, fds.has(input:fileno(), "NONBLOCK"))
        end)
      end

      it("returns what is there, up to n bytes, of a " .. what, function()
        with(function(input, output)
          assert(output:write("hello\0world"))
          assert.equal("hello\0", stream.take(input, 6))
          assert.equal("world", stream.take(input, 5))
          fails("read", "ETIMEDOUT", input:read(1, 0))
        end)
      end)

      it("fails with ETIMEDOUT on an empty " .. what, function()
        with(function(input, output)
          fails("read", "ETIMEDOUT", input:read(1, 0))
          fails("read", "ETIMEDOUT", input:read(1, 0.01))
          assert(output:write("late"))
          assert.equal("late", stream.take(input, 4))
        end)
      end)

      it("returns '' at the end of a " .. what, function()
        with(function(input, output)
          assert(output:write("last"))
          assert.equal("last", stream.take(input, 4))
          output:close()
          assert.equal("", input:read(9, 10))
          assert.equal("", input:read(9, 0))
        end)
      end)
    end
  end

  it("waits for the first byte", function()
    local cat = { "cat", stdin = "pipe", stdout = "pipe" }
    spawned.with(cat, function(_, pipes)
      fails("read", "ETIMEDOUT", pipes.stdout:read(9, 0.01))
      assert(pipes.stdin:write("hello"))
      assert.equal("hello", pipes.stdout:read(9))
    end)
  end)

  it("returns a whole file of 1 MiB at once", function()
    fds.with_file(function(file, number)
      local text = ("0123456789abcdef"):rep(2 ^ 16)
      assert(file:write(text))
      assert(file:seek("set"))
      local fd = stream.of(number)
      assert.is_true(fd:read(2 ^ 40) == text)
      assert.equal("", fd:read(1))
      fd:close()
    end)
  end)

  it("returns one datagram at a time", function()
    stream.with("datagram", function(input, output)
      assert(output:write("one"))
      assert(output:write("two"))
      assert.equal("one", input:read(100000, 10))
      assert.equal("two", input:read(100000, 10))
    end)
  end)

  it("returns all of a datagram that is longer than 64 KiB", function()
    stream.with("datagram", function(input, output)
      local text = ("x"):rep(100000)
      assert(output:write(text))
      assert.is_true(input:read(2 ^ 20, 10) == text)
    end)
  end)

  it("takes from a device that has no end", function()
    local file = assert(io.open("/dev/zero"))
    local fd = stream.of(fds.number("/dev/zero"))
    assert.equal(("\0"):rep(1000), fd:read(1000))
    fd:close()
    file:close()
  end)

  it("fails with EBADF where it cannot be read", function()
    stream.with("pipe", function(_, output)
      fails("read", "EBADF", output:read(1))
    end)
    stream.with("fifo", function(_, output)
      fails("read", "EBADF", output:read(1))
    end)
  end)

  it("fails with EINVAL on a namespace", function()
    local self = assert(pidfd.self())
    local fd = assert(self:namespace("net"))
    fails("read", "EINVAL", fd:read(1))
    fd:close()
    self:close()
  end)

  it("fails with EISDIR on a directory", function()
    local p = assert(pidfd.spawn { "sleep", "60", stdin = io.open("/") })
    local fd = assert(p:getfd(0))
    fails("read", "EISDIR", fd:read(1))
    fd:close()
    p:send_signal("KILL")
    p:wait()
    p:close()
  end)

  for _, n in ipairs { 0, -1, 1.5, 0 / 0, 2 ^ 70, -2 ^ 70, "5", {}, false } do
    it("raises for n = " .. tostring(n), function()
      stream.with("pipe", function(input)
        assert.error(function()
          input:read(n, 0)
        end)
      end)
    end)
  end

  it("raises without n, and for a bad timeout", function()
    stream.with("pipe", function(input)
      for _, arguments in ipairs { { nil, 0 }, { 1, -1 }, { 1, "0" } } do
        assert.error(function()
          input:read(arguments[1], arguments[2])
        end)
      end
    end)
  end)

  it("does not go on for ever where a filter says EINTR", function()
    assert.equal("ETIMEDOUT\n", run.under(run.refusing("preadv2", "EINTR"), [[
      local pidfd = require "pidfd"
      local _, pipes = assert(pidfd.spawn { "echo", stdout = "pipe" })
      pidfd.poll { pipes.stdout }
      print(pidfd.errno[select(3, pipes.stdout:read(1, 0))])
    ]]))
  end)

  it("leaves no descriptor", function()
    stream.with("fifo", function(input, output)
      assert.equal(0, fds.leaked(function()
        assert(output:write("x"))
        assert.equal("x", input:read(9, 10))
        fails("read", "ETIMEDOUT", input:read(9, 0))
      end))
    end)
  end)
end)

describe("a race for the input", function()
  for _, kind in ipairs { "pipe", "fifo", "socket", "slave" } do
    for name, options in sorted(stream.lies) do
      it(("does not let fd:read() of a %s block (%s kernel)"):format(kind,
        name), function()
        local output = stream.spoil(options, kind, [[
          local pidfd = require "pidfd"
          local stream = require "spec.programs.stream"
          local input = stream.input
          local _, _, code = input:read(1, 0.1)
          print(pidfd.errno[code])
        ]])
        assert.equal("ETIMEDOUT\n", output)
      end)
    end
  end
end)

describe("fd:read() that waits", function()
  it("goes on after a signal handler has run", function()
    local output = stream.handled("pipe", [[
      local alarm = require "spec.programs.alarm"
      local stream = require "spec.programs.stream"
      local input, output = stream.input, stream.output
      print(alarm.after(0.05, function()
        print("handled")
        output:write("hello")
      end, input.read, input, 9))
    ]])
    assert.equal("handled\nhello\n", output)
  end)
end)

describe("the memory of fd:read()", function()
  it("fails with ENOMEM where there is none, and loses nothing", function()
    stream.need_plain_memory()
    local output = run.under("ulimit -v 200000; exec", [[
      local pidfd = require "pidfd"
      local name = os.tmpname()
      local file = io.open(name, "w+")
      file:write("begin")
      file:seek("set", 2 ^ 29)
      file:write("end")
      file:seek("set")
      local p = pidfd.self()
      local fd
      for number, target in pairs(p:fds()) do
        fd = target == name and p:getfd(number) or fd
      end
      os.remove(name)
      local _, _, code = fd:read(2 ^ 30)
      print(pidfd.errno[code], fd:read(5))
    ]])
    assert.equal("ENOMEM\tbegin\n", output)
  end)
end)

describe("a hook while fd:read() makes its string", function()
  it("may take the object away", function()
    if rawget(_G, "jit") then
      pending("LuaJIT has no hooks for the calls of C functions")
    end
    local output = run.under("exec", [[
      local fds = require "spec.support.fds"
      local pidfd = require "pidfd"
      local take = require "spec.programs.taking"
      local p, pipes = pidfd.spawn { "printf", "hello", stdout = "pipe" }
      p:wait() -- or the sleep would call hooks, too
      local before, box, gone = fds.count(), { pipes.stdout }, nil
      local read, weak = box[1].read, setmetatable({ box[1] }, { __mode = "v" })
      pipes.stdout = nil
      debug.sethook(function()
        local caller = debug.getinfo(3, "f")
        if caller and caller.func == read and not gone then
          gone = take(read, function(value)
            return pidfd.type(value)
          end, nil) and weak[1] == nil
        end
      end, "c")
      local text = (function()
        return (read(table.remove(box), 4))
      end)()
      debug.sethook()
      print(text, gone, fds.count() - before)
    ]])
    assert.equal("hell\ttrue\t-1\n", output)
  end)

  it("may take away what it is made of", function()
    if rawget(_G, "jit") then
      pending("LuaJIT has no hooks for the calls of C functions")
    end
    local output = run.under("exec", [[
      local pidfd = require "pidfd"
      local p, pipes = pidfd.spawn { "printf", "hello", stdout = "pipe" }
      p:wait() -- or the sleep would call hooks, too
      local read = pipes.stdout.read
      debug.sethook(function()
        local caller = debug.getinfo(3, "f")
        if caller and caller.func == read then
          debug.setlocal(2, 1, nil)
        end
      end, "c")
      local ok, message = pcall(read, pipes.stdout, 9)
      debug.sethook()
      print(ok, message:match("a hook[^)]*"), pipes.stdout:read(9))
    ]])
    assert.equal("false\ta hook has taken it away\thello\n", output)
  end)
end)

describe("a finalizer that reads while fd:read() does", function()
  it("takes from it, and makes no false end", function()
    local output, errors = script.run([[
      local greedy = require "spec.programs.greedy"
      local pidfd = require "pidfd"
      local p, pipes = pidfd.spawn { "yes", "abcdefg", stdout = "pipe" }
      local fd, ends = pipes.stdout, 0
      local next = fd:lines()
      local taken = greedy(fd, function(times) return 1 + 8 * (times % 3) end)
      for _ = 1, 2000 do
        next()
        ends = ends + (fd:read(8) == "" and 1 or 0)
        local _ = {} -- where a finalizer may run in any Lua
      end
      print(taken() > 0, ends)
      p:send_signal("KILL")
      os.exit(true)
    ]])
    assert.equal("", errors)
    assert.equal("true\t0\n", output)
  end)

  it("does not spoil a line", function()
    local output, errors = script.run([[
      local greedy = require "spec.programs.greedy"
      local pidfd = require "pidfd"
      local p, pipes = pidfd.spawn { "yes", "abcdefg", stdout = "pipe" }
      local fd, cut = pipes.stdout, 0
      local next = fd:lines()
      local taken = greedy(fd, function() return 3 end)
      for _ = 1, 2000 do
        local line = next()
        cut = cut + (("abcdefg"):sub(-#line) ~= line and 1 or 0)
        local _ = {} -- where a finalizer may run in any Lua
      end
      print(taken() > 0, cut)
      p:send_signal("KILL")
      os.exit(true)
    ]])
    assert.equal("", errors)
    assert.equal("true\t0\n", output)
  end)
end)
