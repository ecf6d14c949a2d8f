local pidfd = require "pidfd"
local jobs, names = {}, {}
for _, seconds in ipairs { "60", "0.1", "50" } do
  local p = assert(pidfd.spawn { "sleep", seconds })
  jobs[#jobs + 1], names[p] = p, "sleep " .. seconds
end
for _, p in ipairs(assert(pidfd.poll(jobs))) do
  print(names[p], p:wait()) -- sleep 0.1, exit, 0
end
for _, p in ipairs(jobs) do
  p:terminate(10)
end
