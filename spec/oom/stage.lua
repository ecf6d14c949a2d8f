-- What scenarios have in common: see scenarios.lua.

local pidfd = require "pidfd"

local stage = {}

-- A child that is about to end; it is waited for in any case.
function stage.on_child(options, call)
  return function()
    local p = assert(pidfd.spawn(options))
    return function()
      return call(p)
    end, function()
      p:wait()
      p:close()
    end
  end
end

return stage
