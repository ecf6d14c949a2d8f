-- Loaded by HAProxy, which lets Lua wait for time and for its own sockets, but
-- for no other descriptor. The child ends once its input is closed, by another
-- task: one that blocks HAProxy waits for ever.

local pidfd = require "pidfd"

local pipe

core.register_task(function()
  local p, pipes = assert(pidfd.spawn { "sh", "-c", "read line; exit 7",
    stdin = "pipe" })
  pipe = pipes.stdin
  while not p:poll(0) do
    core.msleep(10)
  end
  io.stdout:write("ended: ", table.concat({ p:wait() }, " "), "\n")
  io.stdout:flush()
end)

core.register_task(function()
  while not pipe do
    core.msleep(10)
  end
  io.stdout:write("waiting\n")
  io.stdout:flush()
  pipe:close()
end)
