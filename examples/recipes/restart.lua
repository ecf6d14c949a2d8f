local pidfd, cqueues = require "pidfd", require "cqueues"
local queue = cqueues.new()
queue:wrap(function()
  repeat
    local p = assert(pidfd.spawn { "sh", "-c", arg[1] })
    cqueues.poll(p) -- other coroutines run meanwhile
    local how, code = p:wait()
    cqueues.cancel(p)
  until how == "exit" and code == 0
end)
assert(queue:loop())
