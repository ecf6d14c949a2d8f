-- For a program that writes to a pipe that nobody reads: the number of SIGPIPE,
-- and whether it is in a set of signals.

local PIPE = require("pidfd").signal.PIPE

local sigpipe = { PIPE = PIPE }

-- Is it in that set of /proc/thread-self/status?
function sigpipe.is_in(set)
  for line in io.lines("/proc/thread-self/status") do
    local digits = line:match("^" .. set .. ":%s*(%x+)")
    if digits then
      return tonumber(digits:sub(-4), 16) % 2 ^ PIPE >= 2 ^ (PIPE - 1)
    end
  end
end

return sigpipe
