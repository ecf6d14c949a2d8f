-- Shows what a call has returned: a failure by its errno, and by what its
-- message says of older kernels.

local pidfd = require "pidfd"

return function(value, message, code)
  if value ~= nil then
    print(value)
  else
    print(pidfd.errno[code], message:match("%(before Linux.-%)"))
  end
end
