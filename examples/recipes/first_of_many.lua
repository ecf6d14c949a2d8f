local pidfd = require "pidfd"
local slow = assert(pidfd.spawn { "sleep", "60" })
local fast = assert(pidfd.spawn { "sleep", "0.1" })
for _, p in ipairs(assert(pidfd.poll({ slow, fast }))) do
  print(p == fast, p:wait()) -- true, exit, 0
end
slow:terminate(10)
