-- For a program in the group of a process that ends, as in the shell's
-- "true | lua ...": waits until that is gone.

local read = require "spec.support.read"

return function()
  local leader = read("/proc/self/stat"):match("%) %a %d+ (%d+)")
  repeat
    local file = io.open("/proc/" .. leader .. "/stat")
    if file then
      file:close()
    end
  until not file
end
