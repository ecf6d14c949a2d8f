-- Runs shell commands to their end.

local shell = {}

-- What the command writes to stdout, and how it ends, as os.execute tells:
-- "exit" or "signal", and the number.
function shell.output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  local _, how, code = pipe:close()
  return text, how, code
end

-- Lua 5.1 does not tell how the command of a pipe has ended.
if _VERSION == "Lua 5.1" then
  function shell.output(command)
    local spawned = require "spec.support.spawned"
    return spawned.output { "sh", "-c", command }
  end
end

-- The lines that it writes to stdout.
function shell.lines(command)
  local list = {}
  for line in shell.output(command):gmatch("[^\n]+") do
    table.insert(list, line)
  end
  return list
end

return shell
