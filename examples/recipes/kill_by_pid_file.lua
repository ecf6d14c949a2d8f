local pidfd = require "pidfd"
local file = assert(io.open(arg[1])) -- /run/server.pid
local pid = tonumber(file:read("*l"))
file:close()
local p = assert(pidfd.open(pid)) -- this process from now on, or nobody
assert(p:proc("comm") == arg[2] .. "\n", "that number is another's by now")
print(p:terminate(10)) -- SIGTERM, and SIGKILL if it runs 10 seconds later
