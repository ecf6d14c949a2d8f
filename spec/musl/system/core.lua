-- Stands in for LuaSystem, which is not built for musl: what busted uses.

local system = {}

function system.gettime()
  return os.time()
end

-- The monotonic clock.
function system.monotime()
  local file = assert(io.open("/proc/uptime"))
  local seconds = file:read("n")
  file:close()
  return seconds
end

function system.sleep(seconds)
  os.execute("sleep " .. seconds)
end

return system
