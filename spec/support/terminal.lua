-- Ctrl-C, on a terminal that script(1) makes.

local partner = require "spec.support.partner"
local pending = require "spec.support.pending"
local read = require "spec.support.read"
local script = require "spec.support.script"
local state = require "spec.support.state"

local terminal = {}

function terminal.need()
  local command = "script -qec true /dev/null </dev/null >/dev/null 2>&1"
  if os.execute(command) ~= true then
    pending("needs script(1), which makes a terminal")
  end
end

-- Everything on the terminal holds descriptor 9: at the latest when that is
-- over, reading ends.
local function start(command, fifo, output)
  local shell = "exec script -qec %s /dev/null >%s 9>%s"
  shell = shell:format(script.quote(command), output, fifo)
  return assert(io.popen(shell, "w"))
end

local function readpid(fifo)
  local file = assert(io.open(fifo))
  local pid = file:read("n")
  file:close()
  return pid
end

-- Press Ctrl-C once the program sleeps: it says so by spec/programs/ready.lua.
-- It finds its arguments in 'arg'.
-- Returns its output, and how it ended, as os.execute does. The "^C" that the
-- terminal writes may come before or after what the program writes: it is left
-- out.
function terminal.interrupt(program, ...)
  local output, fifo = os.tmpname(), partner.fifo()
  local command = "exec " .. script.command(program, ...)
  local keyboard = start(command, fifo, output)
  local pid = readpid(fifo)
  if pid then
    state.await(pid, "S")
    keyboard:write("\3")
    keyboard:flush()
  end
  local _, how, code = keyboard:close()
  local text = read(output):gsub("\r", ""):gsub("%^C", "")
  os.remove(output)
  os.remove(fifo)
  return text, how, code
end

return terminal
