-- Signals that come while a function runs: SIGALRM, and a handler of Lua's. No
-- spec sets a timer by itself: on a slow machine the signal could come before
-- the call that it is to interrupt, and outside of the pcall() around that.

local unix = require "unix"
local ALRM = require("pidfd").signal.ALRM

local alarm = {}

local function finish(ok, ...)
  unix.alarm(0, 0)
  if not ok then
    error((...), 0)
  end
  return ...
end

local function call(first, interval, handler, ...)
  unix.handle(ALRM, handler)
  return finish(pcall(function(f, ...)
    unix.alarm(first, interval)
    return f(...)
  end, ...))
end

-- Returns what 'f' returns, or raises what it raises. The handler runs once, so
-- many seconds later; if it raises, that is as if 'f' did.
function alarm.after(seconds, handler, f, ...)
  return call(seconds, 0, handler, f, ...)
end

-- The same, but the handler runs again and again until 'f' is over.
function alarm.every(seconds, handler, f, ...)
  return call(seconds, seconds, handler, f, ...)
end

-- For a handler: it runs once more.
function alarm.again(seconds)
  unix.alarm(seconds, 0)
end

return alarm
