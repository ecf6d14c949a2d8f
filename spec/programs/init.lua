-- For a program that is PID 1: runs the shell command of its argument, which
-- has a pidfd of PID 1 as descriptor 3, and writes what that writes.

local pidfd = require "pidfd"

local p, pipes = assert(pidfd.spawn {
  "sh", "-c", arg[1], stdout = "pipe", fds = { [3] = assert(pidfd.self()) },
})
io.write(pipes.stdout:file():read("a"))
p:wait()
