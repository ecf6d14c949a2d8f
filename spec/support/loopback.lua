-- The network of this machine with itself, for specs that need LuaSocket.

local has = require "spec.support.has"

local loopback = {}

local function listen()
  return has("socket") and require("socket").bind("127.0.0.1", 0)
end

-- Is pending where there is none, or no LuaSocket.
function loopback.need()
  local server = listen()
  if not server then
    pending("needs LuaSocket and a loopback network")
  end
  server:close()
end

-- A TCP port where nobody listens.
function loopback.free_port()
  local server = assert(listen())
  local _, port = server:getsockname()
  server:close()
  return math.tointeger(tonumber(port))
end

return loopback
