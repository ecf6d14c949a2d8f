-- For a program that has no descriptor left. The collector comes only when it
-- is called.

local pidfd = require "pidfd"

local full = { held = {} }

collectgarbage("stop")

-- Use all descriptors that are left, but so many: 'held' is a list of pidfds.
function full.fill(spare)
  repeat
    local p = pidfd.self()
    table.insert(full.held, p)
  until not p
  for _ = 1, spare or 0 do
    table.remove(full.held):close()
  end
end

-- Print what pidfd.receive() has returned.
function full.show(data, extra, code)
  if not data then
    print(pidfd.errno[code])
  else
    print(data, #extra.fds, extra.truncated)
  end
end

return full
