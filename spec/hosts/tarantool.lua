-- Run by Tarantool: a fiber waits for the end of a child. The child ends once
-- its input is closed, by another fiber: one that blocks Tarantool waits for
-- ever.

local fiber = require "fiber"
local pidfd = require "pidfd"
local socket = require "socket"

local p, pipes = assert(pidfd.spawn { "sh", "-c", "read line; exit 7",
  stdin = "pipe" })

fiber.create(function()
  fiber.sleep(0.01)
  io.stdout:write("waiting\n")
  pipes.stdin:close()
end)

repeat
  local ready = socket.iowait(p:fileno(), "R", 60)
until ready == "R"
io.stdout:write("ended: ", table.concat({ p:wait() }, " "), "\n")
os.exit(0)
