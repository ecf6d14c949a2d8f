-- A child to talk with, which takes two pipes: io.popen has one.

local child = require "spec.support.child"
local ensure = require "spec.support.ensure"
local pidfd = require "pidfd"

local partner = {}

-- A named pipe that everybody may use.
function partner.fifo()
  local path = os.tmpname()
  os.remove(path)
  assert(os.execute("mkfifo -m 666 " .. path))
  return path
end

-- Start a shell command, and call 'use' with a table of it: 'pid'; 'tell',
-- a function that sends it a line; 'hear', one that returns a line of its, or
-- nil at its end; 'path', of what it reads. Then end it.
function partner.with(command, use)
  local path = partner.fifo()
  local pid, output = child.start("exec <" .. path .. "; " .. command)
  -- not only for writing, or a partner who is gone would be the end of us
  local input = assert(io.open(path, "r+"))
  local p = assert(pidfd.open(pid))
  output:read()
  ensure(use, function()
    p:send_signal("KILL")
    p:close()
    output:close()
    input:close()
    os.remove(path)
  end, {
    pid = pid,
    path = path,
    tell = function(line)
      assert(input:write(line, "\n"))
      assert(input:flush())
    end,
    hear = function()
      return output:read()
    end,
  })
end

return partner
