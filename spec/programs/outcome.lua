-- Prints how a process has ended, and the errno with which a signal to it
-- fails: ESRCH if it is reaped.

local pidfd = require "pidfd"

return function(p)
  local how, code = p:wait(60)
  print(how, code, pidfd.errno[select(3, p:send_signal(0))])
end
