local pidfd, unix = require "pidfd", require "socket.unix"
local server = unix()
assert(server:bind(arg[1]) and server:listen())
local client = assert(server:accept())
local p = assert(pidfd.peer(client)) -- the kernel says so, not the client
client:send(("%d: %s"):format(p:pid(), p:proc("comm")))
os.remove(arg[1])
