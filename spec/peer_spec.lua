local child = require "spec.support.child"
local ensure = require "spec.support.ensure"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local loopback = require "spec.support.loopback"
local need = require "spec.support.need"
local pidfd = require "pidfd"
local scarce = require "spec.support.scarce"
local script = require "spec.support.script"

local function need_kernel()
  kernel.need(6, 5, "SO_PEERPIDFD")
end

-- Lend a LuaSocket that listens on a unix socket, and the socket's path.
local function with_listener(use)
  local unix = need "socket.unix"
  local path = os.tmpname()
  os.remove(path)
  local listener = assert(unix.stream())
  assert(listener:bind(path))
  assert(listener:listen(8))
  ensure(use, function()
    listener:close()
    os.remove(path)
  end, listener, path)
end

-- Lend both ends of a connection of this process with itself.
local function with_connection(use)
  with_listener(function(listener, path)
    local client = assert(require("socket.unix").stream())
    assert(client:connect(path))
    local server = assert(listener:accept())
    ensure(use, function()
      client:close()
      server:close()
    end, client, server)
  end)
end

local CONNECT = [[
  local socket = assert(require("socket.unix").stream())
  assert(socket:connect(arg[1]))
  print("connected")
  socket:receive()
]]

-- Lend our end of a connection that another process made, and its pidfd.
local function with_client(use)
  with_listener(function(listener, path)
    local command = "exec " .. script.command(CONNECT, path)
    child.ready({ "sh", "-c", command }, function(p)
      local server = assert(listener:accept())
      ensure(use, function()
        server:close()
      end, server, p)
    end)
  end)
end

local function assert_peer_is_self(socket)
  local p = assert(pidfd.peer(socket))
  assert.equal("pidfd", pidfd.type(p))
  assert.equal(child.self(), p:pid())
  p:close()
end

describe("pidfd.peer()", function()
  it("returns who connected, for a socket of LuaSocket", function()
    need_kernel()
    with_client(function(server, client)
      local p = assert(pidfd.peer(server))
      assert.equal("pidfd", pidfd.type(p))
      assert.equal(client:pid(), p:pid())
      p:close()
    end)
  end)

  it("returns a pidfd that can do what others can", function()
    need_kernel()
    with_client(function(server, client)
      local p = assert(pidfd.peer(server))
      assert.is_false(p:poll(0))
      assert.is_true(p:send_signal("TERM"))
      assert.same({ "signal", 15 }, { client:wait() })
      assert.is_true(p:poll(0))
      p:close()
    end)
  end)

  it("returns who listens, on the other side", function()
    need_kernel()
    with_connection(function(client, server)
      assert_peer_is_self(client)
      assert_peer_is_self(server)
    end)
  end)

  it("returns who listens, for the listening socket", function()
    need_kernel()
    with_listener(function(listener)
      assert_peer_is_self(listener)
    end)
  end)

  it("takes a number, a pidfd.fd, and a file", function()
    need_kernel()
    with_connection(function(client)
      local number = math.tointeger(client:getfd())
      assert_peer_is_self(number)
      assert_peer_is_self(number + 0.0)
      local self = assert(pidfd.self())
      local fd = assert(self:getfd(number))
      assert_peer_is_self(fd)
      assert_peer_is_self(assert(fd:file("r+")))
      self:close()
    end)
  end)

  for _, name in ipairs { "fileno", "getfd", "pollfd" } do
    it("takes an object with " .. name .. "()", function()
      need_kernel()
      with_connection(function(client)
        assert_peer_is_self({
          [name] = function() return client:getfd() end,
        })
      end)
    end)
  end

  it("takes a socket of cqueues, and returns who made the pair", function()
    need_kernel()
    need "cqueues"
    local ours, theirs = require("cqueues.socket").pair()
    assert_peer_is_self(ours)
    local p = assert(pidfd.spawn { "sleep", "60", stdin = theirs })
    theirs:close()
    assert_peer_is_self(ours) -- given away since
    p:terminate(0)
    p:close()
    ours:close()
  end)

  it("makes a descriptor that is close-on-exec", function()
    need_kernel()
    with_connection(function(client)
      local p = assert(pidfd.peer(client))
      assert.is_true(fds.has(p:fileno(), "CLOEXEC"))
      p:close()
    end)
  end)

  it("returns one that is over and not waited for", function()
    need_kernel()
    with_client(function(server, client)
      client:send_signal("KILL")
      client:poll()
      local p = assert(pidfd.peer(server))
      assert.is_true(p:poll(0))
      p:close()
    end)
  end)

  it("returns one that was reaped, with its end", function()
    kernel.need(6, 16, "pidfds for reaped peers")
    with_client(function(server, client)
      client:send_signal("USR1")
      client:wait()
      local p = assert(pidfd.peer(server))
      assert.equal("ESRCH", pidfd.errno[select(3, p:pid())])
      assert.same({ "signal", pidfd.signal.USR1 }, { p:wait(0) })
      p:close()
    end)
  end)

  it("fails with EINVAL or ESRCH for one that was reaped", function()
    need_kernel()
    kernel.need_before(6, 16)
    with_client(function(server, client)
      client:send_signal("KILL")
      client:wait()
      local p, _, code = pidfd.peer(server)
      assert.is_nil(p)
      assert.is_true(code == pidfd.errno.EINVAL or code == pidfd.errno.ESRCH)
    end)
  end)

  it("fails with ENODATA for a unix socket without a peer", function()
    need_kernel()
    local socket = assert(need("socket.unix").stream())
    fails("peer", "ENODATA", pidfd.peer(socket))
    socket:close()
  end)

  it("fails with ENODATA for a TCP socket", function()
    need_kernel()
    loopback.need()
    local socket = require "socket"
    local listener = assert(socket.bind("127.0.0.1", 0))
    local host, port = listener:getsockname()
    local client = assert(socket.connect(host, port))
    fails("peer", "ENODATA", pidfd.peer(listener))
    fails("peer", "ENODATA", pidfd.peer(client))
    client:close()
    listener:close()
  end)

  it("fails with ENOTSOCK for what is no socket", function()
    fds.with_file(function(file)
      fails("peer", "ENOTSOCK", pidfd.peer(file))
    end)
    local p = assert(pidfd.self())
    fails("peer", "ENOTSOCK", pidfd.peer(p))
    p:close()
  end)

  it("fails with EBADF for a number that is not open", function()
    fails("peer", "EBADF", pidfd.peer(1000000))
  end)

  it("fails with ENOPROTOOPT before Linux 6.5", function()
    kernel.need_before(6, 5)
    with_connection(function(client)
      fails("peer", "ENOPROTOOPT", pidfd.peer(client))
      assert.matches("Linux 6%.5", (select(2, pidfd.peer(client))))
    end)
  end)

  it("raises for a closed socket", function()
    local socket = assert(need("socket.unix").stream())
    socket:close()
    assert.error_matches(function() pidfd.peer(socket) end,
      "open descriptor from 'getfd' expected, got %-1")
  end)

  it("raises for a closed object of its own, and for a closed file",
    function()
      local p = assert(pidfd.self())
      local fd = assert(p:getfd(0))
      p:close()
      fd:close()
      assert.error_matches(function() pidfd.peer(p) end, "closed pidfd")
      assert.error_matches(function() pidfd.peer(fd) end, "closed pidfd%.fd")
      local file = assert(io.open("/dev/null"))
      file:close()
      assert.error_matches(function() pidfd.peer(file) end, "closed file")
    end)

  it("raises for what is no descriptor", function()
    for _, value in ipairs { -1, 2 ^ 32, 0.5, 0 / 0, math.mininteger, "0",
      true, {}, print, coroutine.create(print) } do
      assert.error_matches(function() pidfd.peer(value) end,
        "bad argument #1")
    end
    assert.error_matches(function() pidfd.peer() end, "bad argument #1")
    assert.error_matches(function() pidfd.peer(nil) end, "bad argument #1")
  end)

  it("raises the error of the object that is asked", function()
    assert.error_matches(function()
      pidfd.peer({ fileno = function() error("not now") end })
    end, "not now")
  end)

  it("gives its descriptors back when the collector comes", function()
    need_kernel()
    with_connection(function(client)
      assert.equal(0, fds.leaked(function()
        assert(pidfd.peer(client))
      end))
    end)
  end)

  it("makes no descriptor when it fails", function()
    local unix = need "socket.unix"
    local socket = assert(unix.stream())
    assert.equal(0, fds.leaked(function()
      assert.is_nil((pidfd.peer(socket)))
    end))
    socket:close()
  end)

  it("lets the collector look for a descriptor", function()
    need_kernel()
    need "cqueues"
    local prepare = "local pair = { require('cqueues.socket').pair() }"
    local call = "pidfd.peer(pair[1])"
    assert.equal("returns", scarce.with_garbage(prepare, call))
    assert.equal("EMFILE", scarce.without_garbage(prepare, call))
  end)
end)
