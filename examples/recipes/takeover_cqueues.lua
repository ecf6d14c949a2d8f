local pidfd, socket = require "pidfd", require "cqueues.socket"
local p = assert(pidfd.open(tonumber(arg[1])))
local fd = assert(p:getfd(tonumber(arg[2]))) -- its listening socket, ours too
local server = socket.fdopen(fd:release())
p:send_signal("QUIT") -- nobody is refused: who comes now, we answer
local client = assert(server:accept())
client:write("from Lua\n")
client:flush()
client:close()
