-- For a program that waits for a child. It has two arguments or less: the name
-- of the way to wait, one of those below, and what it gives to others.

local pidfd = require "pidfd"

-- The child heeds neither Ctrl-C nor p:terminate(): who uses it kills it.
local p, pipes = assert(pidfd.spawn {
  "sh", "-c", "trap '' INT TERM; echo; exec sleep 60 >&-",
  stdout = "pipe", pdeathsig = "KILL",
})
pipes.stdout:file():read()

local waiting = { p = p, ALRM = pidfd.signal.ALRM }

-- The signal that ends the wait.
waiting.ending = arg[1]:find("stop") and "STOP" or "KILL"

-- Sends the signal ALRM to this process, and calls the function at once.
local function after_alarm(...)
  return require("unix").raise(waiting.ALRM, ...)
end

local waits = {
  ["p:poll()"] = function() return p:poll() end,
  ["p:poll(60)"] = function() return p:poll(60) end,
  ["pidfd.poll()"] = function() return pidfd.poll({ p }) end,
  ["p:wait()"] = function() return p:wait() end,
  ["p:wait(60)"] = function() return p:wait(60) end,
  ["p:waitid() for the end"] = function()
    return p:waitid(pidfd.flags.WEXITED)
  end,
  ["p:waitid() for a stop"] = function()
    return p:waitid(pidfd.flags.WSTOPPED)
  end,
  ["p:terminate()"] = function() return p:terminate(60) end,

  -- those that do not wait long, and whether they return what they should
  ["p:poll(0.01)"] = function() return p:poll(0.01) end,
  ["p:poll(0.05)"] = function() return p:poll(0.05) end,
  ["p:poll(0.3)"] = function() return p:poll(0.3) == false end,
  ["pidfd.poll(0.3)"] = function() return #pidfd.poll({ p }, 0.3) == 0 end,
  ["p:wait(0.3)"] = function()
    return select(3, p:wait(0.3)) == pidfd.errno.ETIMEDOUT
  end,
  ["p:terminate(0.3)"] = function()
    return select(2, p:terminate(0.3)) == 9
  end,

  -- those before which a signal comes
  ["ALRM, p:poll()"] = function() return after_alarm(p.poll, p) end,
  ["ALRM, p:poll(60)"] = function() return after_alarm(p.poll, p, 60) end,
  ["ALRM, pidfd.poll()"] = function()
    return after_alarm(pidfd.poll, { p })
  end,
  ["ALRM, p:wait()"] = function() return after_alarm(p.wait, p) end,
  ["ALRM, p:waitid()"] = function()
    return after_alarm(p.waitid, p, pidfd.flags.WSTOPPED)
  end,
  ["ALRM, p:terminate()"] = function()
    return after_alarm(p.terminate, p, 60)
  end,
}

waiting.wait = assert(waits[arg[1]])

-- Two functions: one closes the pidfd and lets another process have its number;
-- one prints what became of the wait, and whether the other has ended before:
-- it has if that was what the wait looked at.
function waiting.replacing()
  local again = p:dup()
  local other = assert(pidfd.spawn { "sleep", "60" })
  local taken

  local function replace()
    if taken then
      return
    end
    local number = p:fileno()
    p:close()
    taken = {}
    repeat -- lower numbers may be free, too
      taken[#taken + 1] = other:dup()
    until taken[#taken]:fileno() >= number
    assert(taken[#taken]:fileno() == number)
  end

  local function tell(ok, message)
    print(ok, not ok and message:match("closed"), other:poll(0))
    again:send_signal("KILL")
    other:send_signal("KILL")
  end

  return replace, tell
end

return waiting
