local pidfd, uv = require "pidfd", require "luv"
local p = assert(pidfd.open(tonumber(arg[1])))
local fd = assert(p:getfd(tonumber(arg[2]))) -- its listening socket, ours too
local server, client = uv.new_tcp(), uv.new_tcp()
server:open(fd:release())
p:send_signal("QUIT") -- nobody is refused: who comes now, we answer
server:listen(511, function()
  server:accept(client)
  client:write("from Lua\n", uv.stop)
end)
uv.run()
