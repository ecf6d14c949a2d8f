local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local ensure = require "spec.support.ensure"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sockets = require "spec.support.sockets"
local stream = require "spec.support.stream"

teardown(compiled.remove)

describe("pidfd.receive()", function()
  for _, kind in ipairs(sockets.kinds) do
    it("returns what is there, of a " .. kind, function()
      sockets.with(kind, function(input, output)
        assert(pidfd.send(output, "a\0b"))
        local data, extra = pidfd.receive(input, 100)
        assert.equal("a\0b", data)
        assert.same({ fds = {}, truncated = false }, extra)
      end)
    end)

    it("waits no longer than it is told, for a " .. kind, function()
      sockets.with(kind, function(input, output)
        fails("receive", "ETIMEDOUT", pidfd.receive(input, 1, 0))
        fails("receive", "ETIMEDOUT", pidfd.receive(input, 1, 0.01))
        assert(pidfd.send(output, "late"))
        assert.equal("late", (pidfd.receive(input, 4, 0)))
      end)
    end)

    it("returns descriptors by type, of a " .. kind, function()
      sockets.with(kind, function(input, output)
        child.with(function(p, pid)
          assert(pidfd.send(output, "x", { p, output, p }))
          local _, extra = pidfd.receive(input, 1)
          assert.equal(3, #extra.fds)
          local types = { "pidfd", "pidfd.fd", "pidfd" }
          for i, fd in ipairs(extra.fds) do
            assert.equal(types[i], pidfd.type(fd))
            assert.is_true(fds.has(fd:fileno(), "CLOEXEC"))
          end
          assert.equal(pid, extra.fds[1]:pid())
          assert(extra.fds[3]:send_signal("USR1"))
          assert.same({ "signal", pidfd.signal.USR1 }, { extra.fds[1]:wait() })
        end)
      end)
    end)
  end

  it("takes sockets of the libraries", function()
    for _, library in ipairs(sockets.libraries) do
      if pcall(require, library == "LuaSocket" and "socket" or library) then
        sockets.of(library, function(one, other)
          assert(pidfd.send(other, "x", { 0 }))
          assert.equal(1, #select(2, pidfd.receive(one, 9)).fds)
        end)
      end
    end
  end)

  it("waits for a child that sends", function()
    stream.ends()
    sockets.with("socket", function(input, output)
      local command = script.command([[
        local pidfd = require "pidfd"
        assert(pidfd.send(0, "from afar", { pidfd.self() }))
        io.read()
      ]])
      local options = { "sh", "-c", "exec " .. command, stdin = output }
      child.running(options, function(p)
        local data, extra = pidfd.receive(input, 100, 60)
        assert.equal("from afar", data)
        assert.equal(p:pid(), extra.fds[1]:pid())
      end)
    end)
  end)

  it("returns '' at the end of a stream, and no more than that", function()
    for _, kind in ipairs { "socket", "packets" } do
      sockets.with(kind, function(input, output)
        assert(pidfd.send(output, "last", { 0 }))
        output:close()
        assert.equal("last", (pidfd.receive(input, 9)))
        for _ = 1, 2 do
          local data, extra = pidfd.receive(input, 9)
          assert.equal("", data)
          assert.same({ fds = {}, truncated = false }, extra)
        end
      end)
    end
  end)

  it("returns the rest of a stream later, without its descriptors", function()
    sockets.with("socket", function(input, output)
      assert(pidfd.send(output, "hello", { 0 }))
      local data, extra = pidfd.receive(input, 2)
      assert.equal("he", data)
      assert.equal(1, #extra.fds)
      data, extra = pidfd.receive(input, 9)
      assert.equal("llo", data)
      assert.same({ fds = {}, truncated = false }, extra)
    end)
  end)

  it("does not mix the descriptors of two sends", function()
    sockets.with("socket", function(input, output)
      assert(pidfd.send(output, "one", { 0, 0 }))
      assert(pidfd.send(output, "two", { 0 }))
      local data, extra = pidfd.receive(input, 100)
      assert.equal("one", data)
      assert.equal(2, #extra.fds)
      data, extra = pidfd.receive(input, 100)
      assert.equal("two", data)
      assert.equal(1, #extra.fds)
    end)
  end)

  it("tells of a datagram that was longer", function()
    for _, kind in ipairs { "datagram", "packets" } do
      sockets.with(kind, function(input, output)
        assert(pidfd.send(output, "hello", { 0 }))
        assert(pidfd.send(output, "world"))
        local data, extra = pidfd.receive(input, 2)
        assert.equal("he", data)
        assert.equal(1, #extra.fds)
        assert.is_true(extra.truncated)
        assert.equal("data", extra.lost)
        data, extra = pidfd.receive(input, 5)
        assert.equal("world", data)
        assert.is_false(extra.truncated)
      end)
    end
  end)

  it("returns a message of any length", function()
    sockets.with("packets", function(input, output)
      for _, n in ipairs { 1, 4096, 65537, 100000 } do
        local text = ("x"):rep(n)
        assert.equal(n, pidfd.send(output, text))
        assert.equal(text, (pidfd.receive(input, 2 ^ 24)))
      end
    end)
  end)

  it("fails with ENOTSOCK, and with EBADF", function()
    fds.with_file(function(file)
      fails("receive", "ENOTSOCK", pidfd.receive(file, 1))
    end)
    fails("receive", "EBADF", pidfd.receive(1000000, 1))
  end)

  it("fails with EINVAL or ENOTCONN if it is not connected", function()
    local socket = assert(sockets.need("socket.unix").stream())
    local _, message, code = pidfd.receive(socket, 1, 0)
    assert.matches("^receive: .", message)
    assert.is_true(code == pidfd.errno.EINVAL or code == pidfd.errno.ENOTCONN)
    socket:close()
  end)

  it("fails with ECONNRESET where the other end was not done", function()
    sockets.with("socket", function(input, output)
      assert(pidfd.send(input, "unread"))
      output:close()
      fails("receive", "ECONNRESET", pidfd.receive(input, 1))
    end)
  end)

  it("raises for values that it does not take", function()
    for _, value in ipairs { -1, 2 ^ 32, 0.5, "0", true, {}, print } do
      assert.error_matches(function() pidfd.receive(value, 1) end,
        "bad argument #1")
    end
    for _, value in ipairs { 0, -1, 0.5, 0 / 0, "1", true, {} } do
      assert.error_matches(function() pidfd.receive(0, value) end,
        "bad argument #2")
    end
    for _, value in ipairs { -1, 0 / 0, "1", true, {} } do
      assert.error_matches(function() pidfd.receive(0, 1, value) end,
        "bad argument #3")
    end
    assert.error_matches(function() pidfd.receive() end, "bad argument #1")
    assert.error_matches(function() pidfd.receive(0) end, "bad argument #2")
  end)

  it("raises for a closed socket", function()
    sockets.with("socket", function(input)
      input:close()
      assert.error_matches(function() pidfd.receive(input, 1) end,
        "closed pidfd%.fd")
    end)
  end)

  it("leaves all to the collector", function()
    sockets.with("packets", function(input, output)
      assert(run.is_emulated() -- which lets no such option through
        or kernel.at_least(6, 5) == (pidfd.passpidfd(input, true) == true))
      local self = assert(pidfd.self())
      assert.equal(0, fds.leaked(function()
        assert(pidfd.send(output, "x", { 0, self, output }))
        assert(pidfd.receive(input, 1))
      end))
      self:close()
    end)
  end)

  it("leaves no descriptor when it fails", function()
    sockets.with("socket", function(input)
      assert.equal(0, fds.leaked(function()
        assert(not pidfd.receive(input, 1, 0))
        assert(not pidfd.receive(0, 1, 0) or true)
        assert(not pcall(pidfd.receive, input, 0))
      end))
    end)
  end)
end)

-- A program that has no descriptor left: 'input', 'output', and 'held', a list
-- of all the pidfds that it has. The collector comes only when it is called.
local function without_descriptors(kind, n, program)
  stream.ends()
  return run.with_descriptors(n, stream.BEGINNING:format(kind) .. [[
    local held = {}
    collectgarbage("stop")
    local function fill()
      repeat
        local p = pidfd.self()
        held[#held + 1] = p
      until not p
    end
    local function show(data, extra, code)
      if not data then
        print(pidfd.errno[code])
      else
        print(data, #extra.fds, extra.truncated)
      end
    end
  ]] .. program .. " os.exit(true, true)")
end

describe("pidfd.receive() without descriptors", function()
  for _, kind in ipairs(sockets.kinds) do
    for _, n in ipairs { 24, 400 } do
      it(("fails with EMFILE and loses nothing, of a %s, of %d"):format(
        kind, n), function()
        assert.equal("EMFILE\nEMFILE\nEMFILE\nx\t3\tfalse\n",
          without_descriptors(kind, n, [[
            assert(pidfd.send(output, "x", { 0, self, 0 }))
            fill()
            for i = 1, 3 do
              show(pidfd.receive(input, 9, 60))
              table.remove(held):close()
            end
            show(pidfd.receive(input, 9, 60))
          ]]))
      end)

      it(("lets the collector look for them, of a %s, of %d"):format(kind, n),
        function()
          assert.equal("x\t3\tfalse\n", without_descriptors(kind, n, [[
            assert(pidfd.send(output, "x", { 0, self, 0 }))
            fill()
            held = nil
            show(pidfd.receive(input, 9, 60))
          ]]))
        end)

      it(("needs none for what has none, of a %s, of %d"):format(kind, n),
        function()
          assert.equal("x\t0\tfalse\nEMFILE\ny\t1\tfalse\n",
            without_descriptors(kind, n, [[
              assert(pidfd.send(output, "x"))
              fill()
              show(pidfd.receive(input, 1, 60))
              assert(pidfd.send(output, "y", { 0 }))
              show(pidfd.receive(input, 1, 60))
              held[#held]:close()
              show(pidfd.receive(input, 1, 60))
            ]]))
        end)
    end
  end

  it("waits, and fails with ETIMEDOUT", function()
    assert.equal("ETIMEDOUT\nETIMEDOUT\n",
      without_descriptors("socket", 24, [[
        fill()
        show(pidfd.receive(input, 1, 0))
        show(pidfd.receive(input, 1, 0.01))
      ]]))
  end)

  it("does not lose the sender either", function()
    if not kernel.at_least(6, 5) or run.is_emulated() then
      pending("SO_PASSPIDFD (Linux 6.5)")
    end
    assert.equal("EMFILE\nx\t0\tfalse\n", without_descriptors("datagram", 24, [[
      assert(pidfd.passpidfd(input, true))
      assert(pidfd.send(output, "x"))
      fill()
      show(pidfd.receive(input, 9, 60))
      held[#held]:close()
      show(pidfd.receive(input, 9, 60))
    ]]))
  end)

  it("does not take what comes with more than it has room for", function()
    assert.equal("EMFILE\nxy\t1\tfalse\n",
      without_descriptors("socket", 400, [[
        assert(pidfd.send(output, "x"))
        assert(pidfd.send(output, "y", { 0 }))
        fill()
        show(pidfd.receive(input, 9, 60))
        held[#held]:close()
        show(pidfd.receive(input, 9, 60))
      ]]))
  end)

  -- As it is if another thread takes the number in between: strace says that
  -- there was one.
  it("tells what was lost all the same", function()
    local program = stream.BEGINNING:format("socket") .. [[
      local held = {}
      assert(pidfd.send(output, "x", { 0, 0, 0 }))
      repeat
        held[#held + 1] = pidfd.self()
      until not pidfd.self()
      held[#held]:close()
      local data, extra = pidfd.receive(input, 9, 60)
      print(data, #extra.fds, extra.truncated, extra.lost)
      os.exit(true, true)
    ]]
    stream.ends()
    local trace, output = run.traced(
      "-e trace=/^fcntl -e inject=/^fcntl:retval=999 " -- fcntl64, too
      .. "sh -c 'ulimit -n 24; exec \"$@\"' sh", program)
    if not trace then
      pending("needs strace")
    end
    assert.equal("x\t1\ttrue\tfds\n", output)
  end)
end)

describe("a pidfd that is received", function()
  it("is a pidfd.fd where that cannot be told", function()
    stream.ends()
    local refusing = run.refusing("fstatfs", "ENOSYS")
    if not refusing then
      pending("needs a C compiler")
    end
    local output = run.under("exec " .. refusing,
      stream.BEGINNING:format("socket") .. [[
        assert(pidfd.send(output, "x", { self }))
        local _, extra = pidfd.receive(input, 9)
        print(pidfd.type(extra.fds[1]))
      ]])
    assert.equal("pidfd.fd\n", output)
  end)
end)

-- Run a program with both ends of a pair, and with signal handlers.
local function handled(program)
  if not compiled.module("unix") then
    pending("needs a C compiler")
  end
  stream.ends()
  return script.run("local unix = require 'unix'\n"
    .. stream.BEGINNING:format("socket") .. program)
end

describe("pidfd.receive() that waits", function()
  it("goes on after a signal handler has run", function()
    local output, errors = handled([[
      local n = 0
      unix.handle(pidfd.signal.ALRM, function()
        n = n + 1
        if n == 10 then
          pidfd.send(output, "at last", { self })
        end
      end)
      unix.alarm(0.001, 0.001)
      local data, extra = pidfd.receive(input, 100)
      unix.alarm(0, 0)
      print(data, #extra.fds)
    ]])
    assert.equal("", errors)
    assert.equal("at last\t1\n", output)
  end)

  it("raises when a signal handler has closed the socket", function()
    local output = handled([[
      unix.handle(pidfd.signal.ALRM, function()
        input:close()
      end)
      unix.alarm(0.05, 0)
      print(pcall(pidfd.receive, input, 1))
    ]])
    assert.matches("^false\t.*closed pidfd.fd\n$", output)
  end)

  it("takes nothing when a signal handler raises", function()
    local output = handled([[
      unix.handle(pidfd.signal.ALRM, function()
        pidfd.send(output, "x", { 0 })
        error("no more", 0)
      end)
      unix.alarm(0.05, 0)
      print(pcall(pidfd.receive, input, 1))
      print(#select(2, pidfd.receive(input, 1)).fds)
    ]])
    assert.equal("false\tno more\n1\n", output)
  end)
end)

describe("pidfd.receive() and another reader", function()
  it("get each message once", function()
    stream.ends()
    sockets.with("packets", function(input, output)
      local command = script.command([[
        local pidfd = require "pidfd"
        local n = 0
        print("ready")
        io.stdout:flush()
        while (pidfd.receive(0, 100)) ~= "" do
          n = n + 1
        end
        print(n)
      ]])
      local options = { "sh", "-c", "exec " .. command, stdin = input,
        stdout = "pipe" }
      child.running(options, function(_, pipes)
        local said = assert(pipes.stdout:file())
        ensure(function()
          assert.equal("ready", said:read())
          for _ = 1, 200 do
            assert(pidfd.send(output, "x", { 0 }, 60))
          end
          local n = 0
          while pidfd.receive(input, 100, 0) do
            n = n + 1
          end
          output:close()
          assert.equal(200, n + said:read("n"))
        end, function() said:close() end)
      end)
    end)
  end)
end)
