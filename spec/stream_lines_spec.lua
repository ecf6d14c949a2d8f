local compiled = require "spec.support.compiled"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"
local stream = require "spec.support.stream"
local terminal = require "spec.support.terminal"

-- All lines of a stream that has this in it, and nothing else.
local function lines_of(kind, text)
  local lines = {}
  stream.with(kind, function(input, output)
    assert(output:write(text, 10))
    output:close()
    for line in input:lines(10) do
      table.insert(lines, line)
    end
  end)
  return lines
end

describe("fd:lines()", function()
  for _, kind in ipairs { "pipe", "fifo", "socket", "master" } do
    it("returns each line of a " .. kind .. " without its end", function()
      assert.same({ "one", "", "three", "four" },
        lines_of(kind, "one\n\nthree\nfour\n"))
    end)

    it("returns a last line of a " .. kind .. " without a newline", function()
      assert.same({ "one", "two" }, lines_of(kind, "one\ntwo"))
    end)
  end

  local cases = {
    ["nothing"] = { "", {} },
    ["one newline"] = { "\n", { "" } },
    ["zeros"] = { "a\0b\n\0\n\0", { "a\0b", "\0", "\0" } },
    ["carriage returns"] = { "a\r\nb\r\n", { "a\r", "b\r" } },
    ["bytes that are no UTF-8"] = { "\255\n\254", { "\255", "\254" } },
  }
  for name, case in sorted(cases) do
    it("returns what it should of " .. name, function()
      assert.same(case[2], lines_of("pipe", case[1]))
    end)
  end

  it("returns lines that are spread over many reads", function()
    fds.with_file(function(file, number)
      local expected = {}
      for i = 1, 2000 do
        expected[i] = ("x"):rep(i * 7919 % 1000)
      end
      file:write(table.concat(expected, "\n"), "\n")
      file:seek("set")
      local fd, lines = stream.of(number), {}
      for line in fd:lines() do
        table.insert(lines, line)
      end
      fd:close()
      assert.same(expected, lines)
    end)
  end)

  it("returns a line of 64 MiB, and takes twice its memory", function()
    stream.need_plain_memory()
    local output = run.under("exec", [[
      local peak = require "spec.programs.peak"
      local pidfd = require "pidfd"
      local p, pipes = assert(pidfd.spawn {
        "sh", "-c", "head -c 67108864 /dev/zero; echo; echo end",
        stdout = "pipe",
      })
      local before = peak()
      local next = pipes.stdout:lines()
      local line = next()
      print(#line, next(), next(), peak() - before < 2.2 * 64)
      p:wait()
    ]])
    assert.equal("67108864\tend\tnil\ttrue\n", output)
  end)

  it("goes on where another iterator or fd:read() ended", function()
    stream.with("pipe", function(input, output)
      assert(output:write("one\ntwo\nthree\nfour\n"))
      local first, second = input:lines(), input:lines()
      assert.equal("one", first())
      assert.equal("two", second())
      assert.is_true(input:dirty())
      assert.equal("th", input:read(2))
      assert.equal("ree", first())
      assert.equal("four\n", input:read(100))
      assert.is_false(input:dirty())
      fails("read", "ETIMEDOUT", input:read(1, 0))
    end)
  end)

  it("does not let fd:file() lose what it has read ahead", function()
    stream.with("pipe", function(input, output)
      assert(output:write("one\ntwo\nthree\n"))
      assert.equal("one", input:lines()())
      fails("file", "EBUSY", input:file())
      assert.equal("two\nthree\n", input:read(100))
      local file = assert(input:file())
      assert(output:write("four\n"))
      assert.equal("four", file:read())
      file:close()
    end)
  end)

  it("raises an error when no line comes in time, and goes on", function()
    stream.with("pipe", function(input, output)
      local next = input:lines(0.01)
      assert.error_matches(next, "lines %d+: %a+ timed out")
      assert(output:write("beg"))
      assert.error_matches(next, "lines %d+: %a+ timed out")
      assert(output:write("in\nend\n"))
      assert.equal("begin", next())
      assert.equal("end", next())
    end)
  end)

  it("takes its time for each line anew", function()
    local sleeper = { "cat", stdin = "pipe", stdout = "pipe" }
    spawned.with(sleeper, function(_, pipes)
      local next = pipes.stdout:lines(60)
      for i = 1, 3 do
        assert(pipes.stdin:write("line " .. i .. "\n"))
        assert.equal("line " .. i, next())
      end
    end)
  end)

  it("does not wait with a timeout of 0", function()
    stream.with("pipe", function(input, output)
      local next = input:lines(0)
      assert.error_matches(next, "timed out")
      assert(output:write("one\ntwo"))
      assert.equal("one", next())
      assert.error_matches(next, "timed out")
      output:close()
      assert.equal("two", next())
      assert.is_nil(next())
    end)
  end)

  it("asks a terminal for its end once, not twice", function()
    stream.with("canonical", function(input, output)
      assert(output:write("first\nlast\4\4")) -- Ctrl-D twice, not more
      local next = input:lines(10)
      assert.equal("first", next())
      assert.equal("last", next())
      assert.is_nil(next())
    end)
  end)

  it("finds what is appended to a file later", function()
    fds.with_file(function(file, number)
      local fd = stream.of(number)
      local next = fd:lines()
      assert.is_nil(next())
      file:write("late\n")
      file:flush()
      file:seek("set") -- the offset is shared
      assert.equal("late", next())
      fd:close()
    end)
  end)

  it("raises an error where fd:read() fails", function()
    stream.with("pipe", function(_, output)
      assert.error_matches(output:lines(), "lines %d+: Bad file descriptor")
    end)
  end)

  it("raises for a bad timeout at once", function()
    stream.with("pipe", function(input)
      for _, timeout in ipairs { -1, 0 / 0, "1" } do
        assert.error(function()
          input:lines(timeout)
        end)
      end
    end)
  end)

  it("raises when it is closed, before and meanwhile", function()
    stream.with("pipe", function(input, output)
      assert(output:write("one\ntwo\n"))
      local next = input:lines()
      assert.equal("one", next())
      input:close()
      assert.error_matches(next, "closed pidfd.fd")
      assert.error_matches(function()
        input:lines()
      end, "closed pidfd.fd")
    end)
  end)

  it("loses what it has read ahead with fd:release()", function()
    stream.with("pipe", function(input, output)
      assert(output:write("one\ntwo\n"))
      assert.equal("one", input:lines()())
      local number = input:release()
      local fd = stream.of(number)
      stream.ends().close(number)
      fails("read", "ETIMEDOUT", fd:read(1, 0))
      fd:close()
    end)
  end)

  it("keeps its object alive", function()
    stream.with("pipe", function(input, output)
      local next = assert(input:dup()):lines(10)
      collectgarbage()
      collectgarbage()
      assert(output:write("hello\n"))
      assert.equal("hello", next())
    end)
  end)

  it("is interrupted by Ctrl-C in the middle of a line", function()
    terminal.need()
    local output = terminal.interrupt([[
      local ready = require "spec.programs.ready"
      local pidfd = require "pidfd"
      local p, pipes = assert(pidfd.spawn {
        "sh", "-c", "trap '' INT; printf begin; exec sleep 60",
        stdout = "pipe", pdeathsig = "KILL",
      })
      pidfd.poll { pipes.stdout } -- the line has begun
      ready()
      print(pcall(pipes.stdout:lines()))
      print(pipes.stdout:read(9))
      p:send_signal("KILL")
    ]])
    assert.matches("false\t[^\n]*interrupted!\nbegin\n$", output)
  end)

  it("is interrupted by a signal in a line without end", function()
    compiled.need("unix")
    local output = script.run([[
      local alarm = require "spec.programs.alarm"
      local pidfd = require "pidfd"
      local p, pipes = assert(pidfd.spawn {
        "sh", "-c", "head -c 1G /dev/zero; exec sleep 60", stdout = "pipe",
        pdeathsig = "KILL",
      })
      print(pcall(alarm.after, 0.01, function()
        error("enough", 0)
      end, pipes.stdout:lines()))
      p:send_signal("KILL")
    ]])
    assert.equal("false\tenough\n", output)
  end)
end)

describe("a hook while fd:lines() makes its string", function()
  it("may close the object", function()
    local output = run.under("exec", [[
      local pidfd = require "pidfd"
      local p, pipes = pidfd.spawn { "printf", "one\\ntwo\\n", stdout = "pipe" }
      p:wait() -- or the sleep would call hooks, too
      local next, level = pipes.stdout:lines(), 0
      debug.sethook(function()
        level = level + 1
        if level == 2 then -- the call in the iterator
          pipes.stdout:close()
        end
      end, "c")
      local first = next()
      debug.sethook()
      print(first, pcall(next))
    ]])
    assert.matches("^one\tfalse\t.*closed", output)
  end)

  it("cannot read what the string is made of", function()
    local output = run.under("exec", [[
      local pidfd = require "pidfd"
      local p, pipes = pidfd.spawn { "printf", "one\\ntwo\\n", stdout = "pipe" }
      p:wait() -- or the sleep would call hooks, too
      local next, level, code = pipes.stdout:lines(), 0, nil
      debug.sethook(function()
        level = level + 1
        if level == 2 then -- the call in the iterator
          code = select(3, pipes.stdout:read(1, 0))
        end
      end, "c")
      local first = next()
      debug.sethook()
      print(pidfd.errno[code], first, next(), next())
    ]])
    assert.equal("EBUSY\tone\ttwo\tnil\n", output)
  end)

  it("finds that it has been read", function()
    local output = run.under("exec", [[
      local pidfd = require "pidfd"
      local p, pipes = pidfd.spawn { "printf", "one\\ntwo\\n", stdout = "pipe" }
      p:wait() -- or the sleep would call hooks, too
      local next, level, code, dirty = pipes.stdout:lines(), 0, nil, nil
      debug.sethook(function()
        level = level + 1
        if level == 2 then -- the call in the iterator
          dirty = pipes.stdout:dirty()
          code = select(3, pipes.stdout:file())
        end
      end, "c")
      local first = next()
      debug.sethook()
      print(dirty, pidfd.errno[code], first, next(), next())
    ]])
    assert.equal("true\tEBUSY\tone\ttwo\tnil\n", output)
  end)

  it("may raise an error, and nothing is lost", function()
    local output = run.under("exec", [[
      local pidfd = require "pidfd"
      local p, pipes = pidfd.spawn { "printf", "one\\ntwo\\n", stdout = "pipe" }
      p:wait() -- or the sleep would call hooks, too
      local next, level = pipes.stdout:lines(), 0
      local function raise()
        level = level + 1
        if level == 2 then -- the call in the iterator
          debug.sethook()
          error("no", 0)
        end
      end
      local function try()
        debug.sethook(raise, "c")
        return next()
      end
      print(pcall(try))
      debug.sethook()
      print(next(), next(), next())
    ]])
    assert.equal("false\tno\none\ttwo\tnil\n", output)
  end)
end)
