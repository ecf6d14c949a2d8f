-- What nginx.conf answers with.

local pidfd = require "pidfd"
local process = require "process"

local demo = {}

local inputs = {}

-- A program that ends with status 7 once its input is closed.
local function start()
  local p, pipes = assert(pidfd.spawn { "sh", "-c", "read line; exit 7",
    stdin = "pipe" })
  table.insert(inputs, pipes.stdin)
  return p
end

local function answer(...)
  ngx.say(table.concat({ ... }, " "))
end

function demo.wait()
  answer(process.wait(start(), 60))
end

function demo.thread()
  answer(process.wait_in_thread("processes", start(), 60))
end

-- Tells the exit status only after nginx has reaped the child.
function demo.reaped()
  local p = start()
  local peek = pidfd.flags.WEXITED + pidfd.flags.WNOHANG + pidfd.flags.WNOWAIT
  local _, errno
  repeat
    ngx.sleep(0.001)
    _, _, errno = p:waitid(peek)
  until errno
  answer(pidfd.errno[errno], process.wait(p, 60))
end

-- Ends all programs that run.
function demo.finish()
  answer(#inputs)
  for i = #inputs, 1, -1 do
    table.remove(inputs, i):close()
  end
end

return demo
