-- For the specs of a describe(), a pidfd of this process: 'set' gets it before
-- each of them, and it is closed afterwards.

local busted = require "busted"
local pidfd = require "pidfd"

return function(set)
  local p

  busted.before_each(function()
    p = assert(pidfd.self())
    set(p)
  end)

  busted.after_each(function()
    p:close()
  end)
end
