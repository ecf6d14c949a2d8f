-- A TCP port of the loopback interface where nobody listens. LuaSocket is
-- needed only when it is called.

return function()
  local server = assert(require("socket").bind("127.0.0.1", 0))
  local _, port = server:getsockname()
  server:close()
  return math.tointeger(tonumber(port))
end
