-- A module of Prosody, whose event loop takes a pidfd as it is. The child ends
-- once its input is closed, by a timer: one that blocks Prosody waits for ever.

local pidfd = require "pidfd"
local server = require "net.server"
local timer = require "util.timer"

local p, pipes = assert(pidfd.spawn { "sh", "-c", "read line; exit 7",
  stdin = "pipe" })

local watch
watch = server.watchfd(p, function()
  watch:close() -- or it calls again: an ended process stays readable
  io.stdout:write("ended: ", table.concat({ p:wait() }, " "), "\n")
  io.stdout:flush()
end)

timer.add_task(0.01, function()
  io.stdout:write("waiting\n")
  io.stdout:flush()
  pipes.stdin:close()
end)
