-- For a program that sends signals to more than one thread.

local pidfd = require "pidfd"

local scopes = {
  GROUP = pidfd.flags.SIGNAL_PROCESS_GROUP,
  THREAD = pidfd.flags.SIGNAL_THREAD,
}

-- A child that only sleeps, in a process group of its own.
function scopes.sleeper()
  return assert(pidfd.spawn { "sleep", "60", pgroup = 0, pdeathsig = "KILL" })
end

-- Print true, or the name of the errno.
function scopes.tell(ok, _, code)
  print(ok or pidfd.errno[code])
end

return scopes
