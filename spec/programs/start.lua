-- Starts a program with these options of pidfd.spawn, and prints the errno and
-- the message with which that failed, less the reason.

local pidfd = require "pidfd"

return function(options)
  local p, message, code = pidfd.spawn(options)
  if p then
    p:wait()
  end
  print(p and "spawned" or pidfd.errno[code] .. message:match(" .*:"))
end
