-- Demands of the results of a call, which follow the two others, that they
-- are a failure: nil, a message that begins with the name of the call and what
-- it is about, and the number of 'errno', which is its name.

local assert = require "luassert"
local pidfd = require "pidfd"

return function(call, errno, value, message, code)
  assert.is_nil(value)
  assert.matches("^" .. call .. "[^:]*: .", message)
  assert.equal(errno, pidfd.errno[code])
end
