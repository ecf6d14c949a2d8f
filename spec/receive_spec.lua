local child = require "spec.support.child"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local need = require "spec.support.need"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sockets = require "spec.support.sockets"
local stream = require "spec.support.stream"

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
    local socket = assert(need("socket.unix").stream())
    local _, message, code = pidfd.receive(socket, 1, 0)
    assert.matches("^receive %d+: .", message)
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

describe("a pidfd that is received", function()
  it("is a pidfd.fd where that cannot be told", function()
    stream.ends()
    local refusing = run.refusing("fstatfs", "ENOSYS")
    local output = run.under("exec " .. refusing, [[
      local pidfd = require "pidfd"
      local stream = require "spec.programs.stream"
      assert(pidfd.send(stream.output, "x", { stream.self }))
      local _, extra = pidfd.receive(stream.input, 9)
      print(pidfd.type(extra.fds[1]))
    ]], "socket")
    assert.equal("pidfd.fd\n", output)
  end)
end)
