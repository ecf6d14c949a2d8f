-- The network of this machine with itself, for specs that need LuaSocket.

local has = require "spec.support.has"
local pending = require "spec.support.pending"

local loopback = {}

local function listen()
  return has("socket") and require("socket").bind("127.0.0.1", 0)
end

-- A server can listen on a network that is down, but nobody can connect.
local function works()
  local server = listen()
  if not server then
    return false
  end
  local host, port = server:getsockname()
  local client = require("socket").connect(host, port)
  server:close()
  if client then
    client:close()
  end
  return client ~= nil
end

-- Is pending where there is none, or no LuaSocket.
function loopback.need()
  if not works() then
    pending("needs LuaSocket and a loopback network")
  end
end

-- A TCP port where nobody listens.
function loopback.free_port()
  local server = assert(listen())
  local _, port = server:getsockname()
  server:close()
  return math.tointeger(tonumber(port))
end

return loopback
