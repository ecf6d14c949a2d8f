local pidfd, socket = require "pidfd", require "socket"
local p = assert(pidfd.open(tonumber(arg[1])))
local fd = assert(p:getfd(tonumber(arg[2]))) -- a number out of p:fds()
assert(fd:nonblock(true)) -- as LuaSocket wants it
local server = socket.tcp()
server:setfd(fd:release())
assert(server:listen(511) and p:send_signal("QUIT")) -- ends nginx gently
server:accept():send("from Lua\n")
