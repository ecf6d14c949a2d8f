-- Unix sockets of the libraries that there are for Lua: two ends of each, and
-- one with a name.

local ensure = require "spec.support.ensure"
local need = require "spec.support.need"
local stream = require "spec.support.stream"

local sockets = {}

-- A name for a socket, which nobody has.
function sockets.path()
  local path = os.tmpname()
  os.remove(path)
  return path
end

local function close_both(one, other)
  one:close()
  other:close()
end

local function with_luasocket(use)
  local unix, path = need("socket.unix"), sockets.path()
  local listener = assert(unix.stream())
  assert(listener:bind(path))
  assert(listener:listen(8))
  local client = assert(unix.stream())
  assert(client:connect(path))
  local server = assert(listener:accept())
  ensure(use, function()
    close_both(client, server)
    listener:close()
    os.remove(path)
  end, client, server)
end

local function with_cqueues(use)
  need("cqueues")
  local one, other = require("cqueues.socket").pair()
  ensure(use, function()
    close_both(one, other)
  end, one, other)
end

local function with_luv(use)
  local uv = need("luv")
  local numbers = assert(uv.socketpair())
  local one, other = uv.new_pipe(false), uv.new_pipe(false)
  assert(one:open(numbers[1]) and other:open(numbers[2]))
  ensure(use, function()
    close_both(one, other)
    uv.run("nowait")
  end, one, other)
end

local libraries = {
  LuaSocket = with_luasocket, cqueues = with_cqueues, luv = with_luv,
}

-- Their names.
sockets.libraries = { "LuaSocket", "cqueues", "luv" }

-- Call 'use' with two ends of a stream that are objects of the library.
function sockets.of(library, use)
  libraries[library](use)
end

-- Kinds of socketpair(2).
sockets.kinds = { "socket", "datagram", "packets" }

-- Call 'use' with two ends, each a pidfd.fd: to receive, and to send.
function sockets.with(kind, use)
  stream.with(kind or "socket", use)
end

-- Call 'use' with a LuaSocket that receives datagrams, and its path.
function sockets.with_name(use)
  local unix, path = need("socket.unix"), sockets.path()
  local socket = assert(unix.dgram())
  assert(socket:bind(path))
  ensure(use, function()
    socket:close()
    os.remove(path)
  end, socket, path)
end

return sockets
