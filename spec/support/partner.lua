-- A child to talk with.

local child = require "spec.support.child"
local ensure = require "spec.support.ensure"

local partner = {}

-- A named pipe that everybody may use.
function partner.fifo()
  local path = os.tmpname()
  os.remove(path)
  assert(os.execute("mkfifo -m 666 " .. path))
  return path
end

-- Call 'use' with a named pipe, opened; with its end to read, so that who has
-- only that reads the end of the file once we have ended; and with its path.
local function with_fifo(use)
  local path = partner.fifo()
  -- for reading, too, or SIGPIPE would end us when the partner has ended
  local file = assert(io.open(path, "r+"))
  local input = assert(io.open(path))
  ensure(use, function()
    file:close()
    input:close()
    os.remove(path)
  end, file, input, path)
end

-- Start a shell command, and call 'use' with a table of it: 'p', its pidfd;
-- 'pid'; 'tell', a function that sends it a line; 'hear', one that returns a
-- line of its, or nil at its end; 'path', of what it reads. Then end it.
function partner.with(command, use)
  with_fifo(function(file, input, path)
    local options = { "sh", "-c", command, stdin = input, stdout = "pipe" }
    child.running(options, function(p, pipes)
      local output = assert(pipes.stdout:file())
      ensure(use, function()
        output:close()
      end, {
        p = p,
        pid = assert(p:pid()),
        path = path,
        tell = function(line)
          assert(file:write(line, "\n"))
          assert(file:flush())
        end,
        hear = function()
          return output:read()
        end,
      })
    end)
  end)
end

return partner
