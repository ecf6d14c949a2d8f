-- A process of two threads, see threads.c.

local compiled = require "spec.support.compiled"
local partner = require "spec.support.partner"

local threads = {}

-- Start it, and call 'use' with it, a partner, and the id of its second
-- thread. With the argument "leaderless" the first thread is over soon.
-- Returns nil where there is no compiler.
function threads.with(argument, use)
  local program = compiled.program("threads", "-pthread")
  if not program then
    return nil
  end
  partner.with("exec " .. program .. " " .. argument, function(process)
    use(process, math.tointeger(process.hear()))
  end)
  return true
end

return threads
