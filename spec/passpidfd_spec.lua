local child = require "spec.support.child"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local loopback = require "spec.support.loopback"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sockets = require "spec.support.sockets"

local function need_kernel()
  kernel.need(6, 5, "SO_PASSPIDFD")
end

-- A program that sends a line to the socket with that name, and then exits with
-- that status, or waits for a line if there is none.
local SEND = [[
  local pidfd = require "pidfd"
  local socket = require("socket.unix").dgram()
  assert(socket:connect(arg[1]))
  assert(pidfd.send(socket, "hello"))
  if not arg[2] then
    io.read()
  end
  os.exit(tonumber(arg[2]), true)
]]

-- Call 'use' with what a message tells of a child that has sent it, and with
-- the child, which exits with that status or goes on.
local function sent_by(use, status)
  need_kernel()
  sockets.with_name(function(socket, path)
    assert.is_true(pidfd.passpidfd(socket, true))
    local command = script.command(SEND, path, status)
    local options = { "sh", "-c", "exec " .. command, stdin = "pipe" }
    child.running(options, function(p)
      use(p, socket)
    end)
  end)
end

describe("pidfd.passpidfd()", function()
  for _, kind in ipairs(sockets.kinds) do
    it("has the sender told, by a " .. kind, function()
      need_kernel()
      sockets.with(kind, function(input, output)
        assert(pidfd.send(output, "x"))
        assert.is_nil(select(2, pidfd.receive(input, 1)).sender)
        assert.is_true(pidfd.passpidfd(input, true))
        assert(pidfd.send(output, "x", { 0 }))
        local _, extra = pidfd.receive(input, 1)
        assert.equal("pidfd", pidfd.type(extra.sender))
        assert.equal(child.self(), extra.sender:pid())
        assert.is_true(fds.has(extra.sender:fileno(), "CLOEXEC"))
        assert.equal(1, #extra.fds)
        assert.is_false(extra.truncated)
        assert.is_true(pidfd.passpidfd(input, false))
        assert(pidfd.send(output, "x"))
        assert.is_nil(select(2, pidfd.receive(input, 1)).sender)
      end)
    end)
  end

  for _, library in ipairs(sockets.libraries) do
    it("takes sockets of " .. library, function()
      need_kernel()
      sockets.of(library, function(one, other)
        assert.is_true(pidfd.passpidfd(one, true))
        assert(pidfd.send(other, "x"))
        local _, extra = pidfd.receive(one, 1)
        assert.equal(child.self(), extra.sender:pid())
      end)
    end)
  end

  it("has another process told, which can be signalled", function()
    sent_by(function(p, socket)
      local data, extra = pidfd.receive(socket, 100, 60)
      assert.equal("hello", data)
      assert.equal(p:pid(), extra.sender:pid())
      assert(extra.sender:send_signal("USR1"))
      assert.same({ "signal", pidfd.signal.USR1 }, { p:wait(60) })
    end)
  end)

  it("has one told that is over and not waited for", function()
    sent_by(function(p, socket)
      assert(p:poll())
      local _, extra = pidfd.receive(socket, 100, 60)
      assert.equal(p:pid(), extra.sender:pid())
      assert.is_true(extra.sender:poll(0))
    end, 0)
  end)

  it("has one told that was reaped, with its end", function()
    kernel.need(6, 16, "pidfds for reaped senders")
    sent_by(function(p, socket)
      assert(p:wait())
      local _, extra = pidfd.receive(socket, 100, 60)
      assert.equal("ESRCH", pidfd.errno[select(3, extra.sender:pid())])
      assert.same({ "exit", 7 }, { extra.sender:wait(0) })
    end, 7)
  end)

  it("has none told that was reaped, before Linux 6.16", function()
    need_kernel()
    kernel.need_before(6, 16)
    sent_by(function(p, socket)
      assert(p:wait())
      local data, extra = pidfd.receive(socket, 100, 60)
      assert.equal("hello", data)
      assert.is_nil(extra.sender)
      assert.is_false(extra.truncated)
    end, 0)
  end)

  it("has one told that is in another pid namespace", function()
    kernel.need(6, 16, "pidfds for reaped senders")
    sockets.with_name(function(socket, path)
      assert(pidfd.passpidfd(socket, true))
      local output = run.unshared("--pid --fork", [[
        local pidfd = require "pidfd"
        local socket = require("socket.unix").dgram()
        assert(socket:connect(arg[1]))
        assert(pidfd.send(socket, "hello"))
        print "sent"
        assert(pidfd.self():pid() == 1)
      ]], path)
      assert.equal("sent\n", output)
      local _, extra = pidfd.receive(socket, 100, 60)
      if kernel.at_least(6, 16) then
        assert.same({ "exit", 0 }, { extra.sender:wait(0) })
      end
    end)
  end)

  it("fails with ENOTSOCK, and with EBADF", function()
    fds.with_file(function(file)
      fails("passpidfd", "ENOTSOCK", pidfd.passpidfd(file, true))
    end)
    fails("passpidfd", "EBADF", pidfd.passpidfd(1000000, true))
  end)

  it("fails with EOPNOTSUPP for another socket (Linux 6.16)", function()
    need_kernel()
    loopback.need()
    local socket = assert(require("socket").bind("127.0.0.1", 0))
    if kernel.at_least(6, 16) then
      local done, message, code = pidfd.passpidfd(socket, true)
      fails("passpidfd", "EOPNOTSUPP", done, message, code)
      assert.is_nil(message:find("before", 1, true))
    else
      assert.is_true(pidfd.passpidfd(socket, true))
    end
    socket:close()
  end)

  it("fails with ENOPROTOOPT before Linux 6.5", function()
    kernel.need_before(6, 5)
    sockets.with("datagram", function(input)
      local done, message, code = pidfd.passpidfd(input, true)
      fails("passpidfd", "ENOPROTOOPT", done, message, code)
      assert.matches("%(before Linux 6%.5%)$", message)
    end)
  end)

  it("raises for values that it does not take", function()
    sockets.with("datagram", function(input)
      for _, value in ipairs { 0, 1, "true", {}, print } do
        assert.error_matches(function() pidfd.passpidfd(input, value) end,
          "bad argument #2")
      end
      assert.error_matches(function() pidfd.passpidfd(input) end,
        "bad argument #2")
      assert.error_matches(function() pidfd.passpidfd({}, true) end,
        "bad argument #1")
      input:close()
      assert.error_matches(function() pidfd.passpidfd(input, true) end,
        "closed pidfd%.fd")
    end)
  end)
end)
