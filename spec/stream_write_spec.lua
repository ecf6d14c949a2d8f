local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"
local stream = require "spec.support.stream"

-- A failure, and the fourth value.
local function fails_after(n, errno, ...)
  fails("write", errno, ...)
  assert.equal(n, (select(4, ...)))
end

describe("fd:write()", function()
  for _, kind in ipairs(stream.kinds) do
    for _, nonblock in ipairs { false, true } do
      local what = kind .. (nonblock and " with O_NONBLOCK" or "")

      local function with(use)
        stream.with(kind, function(input, output)
          assert(input:nonblock(nonblock))
          assert(output:nonblock(nonblock))
          use(input, output)
          assert.equal(nonblock, fds.has(output:fileno(), "NONBLOCK"))
        end)
      end

      it("returns true when all is written to a " .. what, function()
        with(function(input, output)
          assert.is_true(output:write("hello\0"))
          assert.is_true(output:write("world", 0))
          assert.is_true(output:write(""))
          assert.equal("hello\0world", stream.take(input, 11))
        end)
      end)

      it("fails with ETIMEDOUT and the count on a full " .. what, function()
        with(function(input, output)
          local text = ("0123456789"):rep(100000)
          local ok, message, code, written = output:write(text, 0.01)
          fails("write", "ETIMEDOUT", ok, message, code)
          assert.is_true(written > 0 and written < #text)
          -- A worker of the kernel makes room in a terminal, in its own time.
          if kind ~= "slave" and kind ~= "master" then
            fails_after(0, "ETIMEDOUT", output:write("x", 0))
            fails_after(0, "ETIMEDOUT", output:write("x", 0.01))
          end
          assert.is_true(stream.take(input, written) == text:sub(1, written))
          assert.is_true(output:write("again"))
          assert.equal("again", stream.take(input, 5))
        end)
      end)
    end
  end

  for _, kind in ipairs { "pipe", "fifo", "socket" } do
    it("fails with EPIPE when nobody reads a " .. kind, function()
      stream.with(kind, function(input, output)
        input:close()
        fails_after(0, "EPIPE", output:write("hello"))
        fails_after(0, "EPIPE", output:write(("x"):rep(2 ^ 20), 0))
      end)
    end)
  end

  it("fails with EPIPE when a child has read a part", function()
    local head = { "head", "-c", "1", stdin = "pipe", stdout = "null" }
    spawned.with(head, function(_, pipes)
      local text = ("x"):rep(2 ^ 22)
      local ok, message, code, written = pipes.stdin:write(text)
      fails("write", "EPIPE", ok, message, code)
      assert.is_true(written > 0 and written < #text)
    end)
  end)

  it("writes 16 MiB to a child that reads as it likes", function()
    local sum = { "cksum", stdin = "pipe", stdout = "pipe" }
    spawned.with(sum, function(p, pipes)
      local text = ("0123456789abcdef"):rep(2 ^ 20)
      assert.is_true(pipes.stdin:write(text))
      pipes.stdin:close()
      assert.equal("16777216", pipes.stdout:read(99):match(" (%d+)"))
      assert.same({ "exit", 0 }, { p:wait() })
    end)
  end)

  it("fails with ETIMEDOUT when the other side reads without end", function()
    local cat = { "cat", stdin = "pipe", stdout = "null" }
    spawned.with(cat, function(_, pipes)
      local text = ("x"):rep(2 ^ 26)
      local ok, message, code, written = pipes.stdin:write(text, 0.001)
      fails("write", "ETIMEDOUT", ok, message, code)
      assert.is_true(written < #text)
    end)
  end)

  it("writes 3 MiB to a file without waiting", function()
    fds.with_file(function(file, number)
      local fd = stream.of(number)
      assert.is_true(fd:write(("x"):rep(3 * 2 ^ 20), 0))
      assert.equal(3 * 2 ^ 20, file:seek("end"))
      fd:close()
    end)
  end)

  it("fails with ENOSPC where there is no room", function()
    local file = assert(io.open("/dev/full", "w"))
    local fd = stream.of(fds.number("/dev/full"))
    fails_after(0, "ENOSPC", fd:write("x"))
    fd:close()
    file:close()
  end)

  it("fails with EMSGSIZE for too long a datagram", function()
    stream.with("datagram", function(input, output)
      fails_after(0, "EMSGSIZE", output:write(("x"):rep(2 ^ 24)))
      fails("read", "ETIMEDOUT", input:read(1, 0))
    end)
  end)

  it("fails with EBADF where it cannot be written", function()
    stream.with("pipe", function(input)
      fails_after(0, "EBADF", input:write("x"))
    end)
    stream.with("fifo", function(input)
      fails_after(0, "EBADF", input:write("x"))
    end)
  end)

  for _, value in ipairs { 1, true, {} } do
    it("raises for a " .. type(value), function()
      stream.with("pipe", function(_, output)
        assert.error_matches(function()
          output:write(value)
        end, "string expected")
      end)
    end)
  end

  it("raises when it is closed, and for a bad timeout", function()
    stream.with("pipe", function(_, output)
      assert.error_matches(function()
        output:write("x", -1)
      end, "seconds from 0 up")
      output:close()
      assert.error_matches(function()
        output:write("x")
      end, "closed pidfd.fd")
      assert.error_matches(function()
        output:write("")
      end, "closed pidfd.fd")
    end)
  end)

  it("does not go on for ever where a filter says EINTR", function()
    assert.equal("ETIMEDOUT\t0\n",
      run.under(run.refusing("pwritev2", "EINTR"), [[
        local pidfd = require "pidfd"
        local _, pipes = assert(pidfd.spawn { "true", stdin = "pipe" })
        local _, _, code, written = pipes.stdin:write("x", 0)
        print(pidfd.errno[code], written)
      ]]))
  end)

  it("leaves no descriptor", function()
    stream.with("fifo", function(_, output)
      stream.fill(output)
      assert.equal(0, fds.leaked(function()
        fails_after(0, "ETIMEDOUT", output:write("x", 0))
      end))
    end)
  end)
end)

describe("a race for the room", function()
  for _, kind in ipairs { "pipe", "fifo", "socket", "slave", "master" } do
    for name, options in sorted(stream.lies) do
      if kind ~= "slave" then -- its output is a master: see nowait.h
        it(("does not let fd:write() to a %s block (%s kernel)"):format(kind,
          name), function()
          local output = stream.spoil(options, kind, [[
            local pidfd = require "pidfd"
            local stream = require "spec.programs.stream"
            local output = stream.output
            local text = ("x"):rep(2 ^ 20)
            local _, _, code, n = output:write(text, 0.1)
            print(pidfd.errno[code], n > 0 and n < #text)
          ]])
          assert.equal("ETIMEDOUT\ttrue\n", output)
        end)
      end
    end
  end
end)

-- Run a program with a pipe. Returns its output, and how it ended.
local function with_pipe(program, ...)
  stream.ends()
  local output, _, how, code = script.run(program, "pipe", ...)
  return output, how, code
end

describe("SIGPIPE", function()
  -- What was done with it before, and where it is then: is it pending for this
  -- thread, for this process; is it blocked?
  local cases = {
    ["does not come of fd:write()"] = { "", "false\tfalse\tfalse" },
    ["stays blocked if it was"] = { "block", "false\tfalse\ttrue" },
    ["stays pending if it was"] = { "block raise", "true\tfalse\ttrue" },
  }

  for what, case in sorted(cases) do
    it(what, function()
      local output, how, code = with_pipe([[
        local pidfd = require "pidfd"
        local sigpipe = require "spec.programs.sigpipe"
        local stream = require "spec.programs.stream"
        local input, output, ends = stream.input, stream.output, stream.ends
        local PIPE, is_in = sigpipe.PIPE, sigpipe.is_in
        input:close()
        for name in arg[2]:gmatch("%a+") do
          ends[name](PIPE)
        end
        local _, _, errno = output:write("x")
        print(pidfd.errno[errno], is_in("SigPnd"), is_in("ShdPnd"),
          is_in("SigBlk"))
      ]], case[1])
      assert.equal("EPIPE\t" .. case[2] .. "\n", output)
      assert.same({ "exit", 0 }, { how, code })
    end)
  end

  it("of another process still ends this one", function()
    local _, how, code = with_pipe([[
      local stream = require "spec.programs.stream"
      local input, output = stream.input, stream.output
      local self, ends = stream.self, stream.ends
      local sigpipe = require "spec.programs.sigpipe"
      local PIPE = sigpipe.PIPE
      input:close()
      ends.reset(PIPE)
      output:write("x")
      self:send_signal("PIPE")
    ]])
    assert.same({ "signal", pidfd.signal.PIPE }, { how, code })
  end)
end)

describe("fd:write() that waits", function()
  it("goes on after a signal handler has run", function()
    local output = stream.handled("pipe", [[
      local alarm = require "spec.programs.alarm"
      local stream = require "spec.programs.stream"
      local input, output = stream.input, stream.output
      local n, text = 0, ("x"):rep(2 ^ 20)
      print(alarm.every(0.001, function()
        local part = input:read(65536, 0)
        n = n + (part and #part or 0)
      end, output.write, output, text))
      while n < #text do
        n = n + #input:read(65536)
      end
      print(n == #text)
    ]])
    assert.equal("true\ntrue\n", output)
  end)

  -- Prints what it returns if a handler replaces the string by another, and
  -- whether all that was written is of one of the two.
  local REPLACE = [[
    local alarm = require "spec.programs.alarm"
    local stream = require "spec.programs.stream"
    local take = require "spec.programs.taking"
    local input, write = stream.input, stream.output.write
    local size = 2 ^ 20
    local text, instead = { ("x"):rep(size) }, ("y"):rep(size - arg[2])
    local function read()
      local part = input:read(size, 0)
      return part or ""
    end
    local parts = {}
    print(pcall(alarm.every, 0.02, function()
      take(write, function(value)
        return type(value) == "string"
      end, instead)
      parts[#parts + 1] = read()
    end, function()
      return write(stream.output, table.remove(text), 60)
    end))
    parts[#parts + 1] = read()
    local all = table.concat(parts)
    print(all:find("^x+y*$") == 1, all:find("y", 1, true) ~= nil, #all == size)
  ]]

  it("goes on with the string that a debugger's hook puts there", function()
    local output = stream.handled("pipe", REPLACE, 0)
    assert.equal("true\ttrue\ntrue\ttrue\ttrue\n", output)
  end)

  it("raises if that has another length", function()
    local output = stream.handled("pipe", REPLACE, 1)
    assert.matches("^false\t[^\n]*bad argument #2[^\n]* changed its length%)\n"
      .. "true\tfalse\tfalse\n$", output)
  end)
end)
