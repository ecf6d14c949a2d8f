-- Run by Neovim: the exit status of a child comes through vim.loop, which is
-- libuv. The child ends once its input is closed, by a timer: one that blocks
-- Neovim waits for ever.

local pidfd = require "pidfd"

local p, pipes = assert(pidfd.spawn { "sh", "-c", "read line; exit 7",
  stdin = "pipe" })

local poll = assert(vim.loop.new_poll(p:fileno()))
assert(poll:start("r", function()
  poll:stop() -- or it calls again: an ended process stays readable
  io.stdout:write("ended: ", table.concat({ p:wait() }, " "), "\n")
  os.exit(0)
end))

local timer = vim.loop.new_timer()
timer:start(10, 0, function()
  io.stdout:write("waiting\n")
  pipes.stdin:close()
end)
