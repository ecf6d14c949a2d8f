-- A process of two threads, see threads.c.

local compiled = require "spec.support.compiled"
local partner = require "spec.support.partner"

local threads = {}

-- Start it, and call 'use' with it, a partner, and the id of its second
-- thread. With the argument "leaderless" the first thread is over soon.
function threads.with(argument, use)
  local program = compiled.need_program("threads", "-pthread")
  partner.with("exec " .. program .. " " .. argument, function(process)
    use(process, math.tointeger(process.hear()))
  end)
end

return threads
