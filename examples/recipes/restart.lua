local pidfd, cqueues = require "pidfd", require "cqueues"
local queue, how, code = cqueues.new(), nil, nil
queue:wrap(function()
  repeat
    local p = assert(pidfd.spawn { "sh", "-c", arg[1] })
    cqueues.poll(p) -- other coroutines run meanwhile
    how, code = p:wait()
    cqueues.cancel(p)
    print(how, code)
  until how == "exit" and code == 0
end)
assert(queue:loop())
