local pidfd, unix = require "pidfd", require "socket.unix"
local server = unix()
assert(server:bind(arg[1]) and server:listen())
local client = assert(server:accept())
local p = assert(pidfd.peer(client)) -- the kernel says so, not the client
local user = p:proc("status"):match("\nUid:%s*(%d+)")
client:send(("%s, process %d of user %s\n"):format(p:proc("comm"):match("%C+"),
  p:pid(), user))
client:close()
os.remove(arg[1])
