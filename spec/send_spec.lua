local child = require "spec.support.child"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local loopback = require "spec.support.loopback"
local pidfd = require "pidfd"
local sockets = require "spec.support.sockets"
local stream = require "spec.support.stream"

-- What came with the next message, which has to be 'data'.
local function received(socket, data)
  local got, extra = pidfd.receive(socket, 1000, 60)
  assert.equal(data, got)
  assert.is_false(extra.truncated)
  return extra.fds
end

local function list_of(n, value)
  local list = {}
  for i = 1, n do
    list[i] = value
  end
  return list
end

describe("pidfd.send()", function()
  for _, kind in ipairs(sockets.kinds) do
    it("returns how many bytes it sent, with a " .. kind, function()
      sockets.with(kind, function(input, output)
        assert.equal(5, pidfd.send(output, "a\0b\nc"))
        assert.same({}, received(input, "a\0b\nc"))
      end)
    end)

    it("sends descriptors with a " .. kind, function()
      sockets.with(kind, function(input, output)
        local self = assert(pidfd.self())
        assert.equal(1, pidfd.send(output, "x", { self, output, 0 }))
        local list = received(input, "x")
        assert.equal(3, #list)
        assert.equal(self:pid(), list[1]:pid())
        assert.is_true(list[2]:write("y"))
        assert.equal("y", input:read(1))
        self:close()
      end)
    end)

    it("sends as many as go with one message, with a " .. kind, function()
      sockets.with(kind, function(input, output)
        assert.equal(1, pidfd.send(output, "x", list_of(253, 0)))
        local list = received(input, "x")
        assert.equal(253, #list)
        for _, fd in ipairs(list) do
          fd:close()
        end
      end)
    end)

    it("fails with EPIPE or ECONNREFUSED if a " .. kind .. " is closed",
      function()
        sockets.with(kind, function(input, output)
          input:close()
          local sent, message, code, bytes = pidfd.send(output, "x", { 0 })
          fails("send", kind == "datagram" and "ECONNREFUSED" or "EPIPE",
            sent, message, code)
          assert.equal(0, bytes)
        end)
      end)

    it("waits for room no longer than it is told, with a " .. kind, function()
      sockets.with(kind, function(_, output)
        while pidfd.send(output, ("x"):rep(1000), nil, 0) do end
        fails("send", "ETIMEDOUT", pidfd.send(output, "x", { 0 }, 0))
        fails("send", "ETIMEDOUT", pidfd.send(output, "x", { 0 }, 0.01))
      end)
    end)

    it("leaves O_NONBLOCK of a " .. kind .. " as it is", function()
      for _, nonblock in ipairs { true, false } do
        sockets.with(kind, function(input, output)
          assert(output:nonblock(nonblock))
          assert(input:nonblock(nonblock))
          assert(pidfd.send(output, "x", { output }))
          assert(pidfd.receive(input, 1))
          while pidfd.send(output, "x", nil, 0) do end
          assert.equal(nonblock, fds.has(output:fileno(), "NONBLOCK"))
          assert.equal(nonblock, fds.has(input:fileno(), "NONBLOCK"))
        end)
      end
    end)
  end

  for _, library in ipairs(sockets.libraries) do
    it("takes sockets of " .. library .. ", and sends them", function()
      sockets.of(library, function(one, other)
        assert.equal(5, pidfd.send(one, "hello", { other }))
        local data, extra = pidfd.receive(other, 5, 60)
        assert.equal("hello", data)
        assert.equal(5, pidfd.send(extra.fds[1], "world"))
        assert.equal("world", (pidfd.receive(one, 5, 60)))
      end)
    end)
  end

  it("takes numbers, files and objects with a method", function()
    sockets.with("socket", function(input, output)
      local lender = { fileno = function() return output:fileno() end }
      fds.with_file(function(file, number)
        assert(file:write("text"))
        assert(file:flush())
        assert.equal(1, pidfd.send(lender, "x", { file, number, lender }))
        local list = received(input, "x")
        assert.equal(0, list[1]:file():seek("set"))
        assert.equal("text", list[2]:file():read("a"))
        assert.equal(3, #list)
      end)
    end)
  end)

  it("sends an empty message", function()
    for _, kind in ipairs { "datagram", "packets" } do
      sockets.with(kind, function(input, output)
        assert.equal(0, pidfd.send(output, ""))
        assert.equal(0, pidfd.send(output, "", { 0 }))
        assert.equal(0, #received(input, ""))
        assert.equal(1, #received(input, ""))
      end)
    end
    sockets.with("socket", function(input, output)
      assert.equal(0, pidfd.send(output, ""))
      fails("receive", "ETIMEDOUT", pidfd.receive(input, 1, 0))
    end)
  end)

  it("raises for descriptors without data on a stream", function()
    sockets.with("socket", function(_, output)
      assert.error_matches(function() pidfd.send(output, "", { 0 }) end,
        "bad argument #2.*data expected")
    end)
  end)

  it("sends all of it while somebody receives it", function()
    sockets.with("socket", function(input, output)
      local counter = { "wc", "-c", stdin = input, stdout = "pipe" }
      child.running(counter, function(_, pipes)
        input:close()
        local text = ("x"):rep(3 * 2 ^ 20)
        assert.equal(#text, pidfd.send(output, text, { 0 }, 60))
        output:close()
        assert.equal(#text, tonumber(pipes.stdout:read(100)))
      end)
    end)
  end)

  it("tells how much was sent, and has sent the descriptors then", function()
    sockets.with("socket", function(input, output)
      local text = ("x"):rep(2 ^ 20)
      local sent, message, code, bytes = pidfd.send(output, text, { 0 }, 0)
      fails("send", "ETIMEDOUT", sent, message, code)
      assert.is_true(0 < bytes and bytes < #text)
      local data, extra = pidfd.receive(input, #text)
      assert.equal(1, #extra.fds)
      while #data < bytes do
        local more, about = pidfd.receive(input, #text)
        assert.equal(0, #about.fds)
        data = data .. more
      end
      assert.equal(text:sub(1, bytes), data)
      fails("receive", "ETIMEDOUT", pidfd.receive(input, 1, 0))
    end)
  end)

  it("fails with EBADF for a number that is not open", function()
    sockets.with("socket", function(input, output)
      fails("send", "EBADF", pidfd.send(1000000, "x"))
      fails("send", "EBADF", pidfd.send(1000000, "x", { 0 }))
      fails("send", "EBADF", pidfd.send(output, "x", { 0, 1000000 }))
      fails("receive", "ETIMEDOUT", pidfd.receive(input, 1, 0))
    end)
  end)

  it("fails with ENOTSOCK for what is no socket", function()
    fds.with_file(function(file)
      fails("send", "ENOTSOCK", pidfd.send(file, "x"))
      fails("send", "ENOTSOCK", pidfd.send(file, "x", { 0 }))
    end)
  end)

  it("fails with EMSGSIZE for what is too long for one message", function()
    sockets.with("datagram", function(_, output)
      fails("send", "EMSGSIZE", pidfd.send(output, ("x"):rep(2 ^ 23)))
    end)
  end)

  it("fails with ENOTCONN or EDESTADDRREQ if it is not connected", function()
    sockets.with_name(function(socket)
      local _, message, code = pidfd.send(socket, "x")
      assert.matches("^send %d+: .", message)
      assert.is_true(code == pidfd.errno.ENOTCONN
        or code == pidfd.errno.EDESTADDRREQ)
    end)
  end)

  it("fails with EOPNOTSUPP for descriptors on another socket", function()
    loopback.need()
    local socket = require "socket"
    local listener = assert(socket.bind("127.0.0.1", 0))
    local host, port = listener:getsockname()
    local client = assert(socket.connect(host, port))
    local server = assert(listener:accept())
    local sent, message, code = pidfd.send(client, "x", { 0 })
    fails("send", "EOPNOTSUPP", sent, message, code)
    assert.matches("unix socket", message)
    assert.equal(5, pidfd.send(client, "hello", {}))
    assert.equal("hello", (pidfd.receive(server, 9, 60)))
    client:close()
    server:close()
    listener:close()
  end)

  it("raises for more descriptors than go with one message", function()
    sockets.with("socket", function(input, output)
      assert.error_matches(function()
        pidfd.send(output, "x", list_of(254, 0))
      end, "bad argument #3.*253")
      fails("receive", "ETIMEDOUT", pidfd.receive(input, 1, 0))
    end)
  end)

  it("raises for what is no list of descriptors", function()
    sockets.with("socket", function(input, output)
      local lists = {
        [0] = { fd = 0 }, { 0, fd = 0 }, { "0" }, { -1 }, { 0.5 }, { 2 ^ 32 },
        { 0, {} }, { 0, false }, { [2] = 0 },
      }
      for i = 0, #lists do
        assert.is_false(pcall(pidfd.send, output, "x", lists[i]))
      end
      for _, value in ipairs { 0, "0", true, print, output } do
        assert.error_matches(function() pidfd.send(output, "x", value) end,
          "bad argument #3")
      end
      fails("receive", "ETIMEDOUT", pidfd.receive(input, 1, 0))
    end)
  end)

  it("raises for other values that it does not take", function()
    for _, value in ipairs { -1, 2 ^ 32, 0.5, "0", true, {}, print } do
      assert.error_matches(function() pidfd.send(value, "x") end,
        "bad argument #1")
    end
    for _, value in ipairs { 0, true, {}, print } do
      assert.error_matches(function() pidfd.send(0, value) end,
        "bad argument #2")
    end
    for _, value in ipairs { -1, 0 / 0, "1", true, {} } do
      assert.error_matches(function() pidfd.send(0, "x", {}, value) end,
        "bad argument #4")
    end
    assert.error_matches(function() pidfd.send() end, "bad argument #1")
    assert.error_matches(function() pidfd.send(0) end, "bad argument #2")
  end)

  it("raises for what is closed, and says which", function()
    sockets.with("socket", function(_, output)
      local closed = assert(pidfd.self())
      closed:close()
      assert.error_matches(function() pidfd.send(closed, "x") end,
        "closed pidfd")
      assert.error_matches(function()
        pidfd.send(output, "x", { 0, closed })
      end, "%[2%]: .*closed pidfd")
    end)
  end)

  it("raises if the method of one closes another", function()
    sockets.with("socket", function(input, output)
      local self = assert(pidfd.self())
      local lender = { fileno = function()
        self:close()
        return 0
      end }
      assert.error_matches(function()
        pidfd.send(output, "x", { self, lender })
      end, "%[1%]: .*closed pidfd")
      assert.error_matches(function()
        pidfd.send(output, "x", { { fileno = function()
          output:close()
          return 0
        end } })
      end, "closed pidfd%.fd")
      assert.equal("", (pidfd.receive(input, 1, 60)))
    end)
  end)

  it("leaves no descriptor, whether it succeeds or fails", function()
    sockets.with("socket", function(input, output)
      assert.equal(0, fds.leaked(function()
        assert(pidfd.send(output, "x", { 0, output }))
        assert(pidfd.receive(input, 1))
        assert(not pidfd.send(output, "x", { 1000000 }))
        assert(not pcall(pidfd.send, output, "x", { 0, false }))
      end))
    end)
  end)
end)

describe("pidfd.send() that waits", function()
  it("goes on after a signal handler has run", function()
    local output = stream.handled("socket", [[
      local alarm = require "spec.programs.alarm"
      local pidfd = require "pidfd"
      local stream = require "spec.programs.stream"
      local input, output, self = stream.input, stream.output, stream.self
      local n, count, text = 0, 0, ("x"):rep(2 ^ 20)
      print(alarm.every(0.001, function()
        local part, extra = pidfd.receive(input, 65536, 0)
        n = n + (part and #part or 0)
        count = count + (part and #extra.fds or 0)
      end, pidfd.send, output, text, { 0, self }))
      while n < #text do
        local part, extra = pidfd.receive(input, 65536)
        n = n + #part
        count = count + #extra.fds
      end
      print(n == #text, count)
    ]])
    assert.equal("1048576\ntrue\t2\n", output)
  end)

  it("raises when a signal handler has closed what it is to send", function()
    local output = stream.handled("socket", [[
      local alarm = require "spec.programs.alarm"
      local pidfd = require "pidfd"
      local stream = require "spec.programs.stream"
      local output, self = stream.output, stream.self
      while pidfd.send(output, "x", nil, 0) do end
      print(pcall(alarm.after, 0.05, function()
        self:close()
      end, pidfd.send, output, "x", { 0, self }))
    ]])
    assert.matches("^false\t.*%[2%]: .*closed pidfd%)\n$", output)
  end)

  -- A handler replaces values by others, and receives what was sent before.
  local REPLACE = [[
    local alarm = require "spec.programs.alarm"
    local pidfd = require "pidfd"
    local stream = require "spec.programs.stream"
    local take = require "spec.programs.taking"
    local input, output, send = stream.input, stream.output, pidfd.send
    while send(output, "x", nil, 0) do end
    local data, instead = { ("y"):rep(5000) }, nil
    if arg[2] == "string" then
      instead = ("z"):rep(arg[3])
    end
    print(pcall(alarm.after, 0.05, function()
      take(send, function(value)
        return type(value) == arg[2]
      end, instead)
      while (pidfd.receive(input, 65536, 0) or "") ~= "" do end
    end, function()
      return send(output, table.remove(data), { 0, stream.self }, 60)
    end))
    print(((pidfd.receive(input, 65536, 0) or ""):gsub("z+", "z")))
  ]]

  it("goes on with the string that a debugger's hook puts there", function()
    local output = stream.handled("socket", REPLACE, "string", 5000)
    assert.equal("true\t5000\nz\n", output)
  end)

  it("raises if that has another length", function()
    local output = stream.handled("socket", REPLACE, "string", 4999)
    assert.matches("^false\t[^\n]*#2[^\n]*changed its length%)\n\n$", output)
  end)

  it("raises if a debugger's hook takes the list away", function()
    local output = stream.handled("socket", REPLACE, "table")
    assert.matches("^false\t[^\n]*#3[^\n]*table expected, got nil%)\n\n$",
      output)
  end)

  it("sends no SIGPIPE", function()
    local output, how, code = stream.handled("socket", [[
      local pidfd = require "pidfd"
      local stream = require "spec.programs.stream"
      local input, output, ends = stream.input, stream.output, stream.ends
      ends.reset(pidfd.signal.PIPE)
      input:close()
      print(pidfd.errno[select(3, pidfd.send(output, "x"))])
    ]])
    assert.equal("EPIPE\n", output)
    assert.same({ "exit", 0 }, { how, code })
  end)
end)
