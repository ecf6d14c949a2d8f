local pidfd = require "pidfd"
local p, pipes = assert(pidfd.spawn { "sort", stdin = "pipe", stdout = "pipe" })
assert(pipes.stdin:write("pear\nfig\n", 10)) -- within 10 seconds
pipes.stdin:close()
for line in pipes.stdout:lines(10) do -- fig, pear
  print(line)
end
p:poll(10) -- or it is ended
print(p:terminate(1)) -- exit, 0
