-- Says something to the socket of that path, with descriptors, and is there
-- until it has been read: the end of a pipe that BARRIER=1 sends is closed
-- then.

local pidfd = require "pidfd"

return function(path, text, descriptors)
  local socket = require("socket.unix").dgram()
  assert(socket:connect(path))
  assert(pidfd.send(socket, text, descriptors))
  local cat, pipes = pidfd.spawn { "cat", stdin = "pipe" }
  assert(pidfd.send(socket, "BARRIER=1", { pipes.stdin }))
  pipes.stdin:close()
  cat:wait()
end
