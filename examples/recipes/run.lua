local pidfd = require "pidfd"
local r = assert(pidfd.run { "sort", input = "pear\nfig\n", timeout = 10 })
if not r.ok then -- it failed, or was ended with all that it had started
  error(tostring(r) .. "\n" .. r.stderr) -- sort: exit 2
end
io.write(r.stdout) -- fig, pear
