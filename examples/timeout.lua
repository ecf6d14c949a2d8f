-- Runs a command, and ends it if it takes too long, as timeout(1) does with
-- its option --foreground:
--
--   lua5.4 timeout.lua [-k SECONDS] [-s SIGNAL] SECONDS COMMAND [ARGUMENT...]
--
-- When the time is over it sends SIGNAL (TERM), and KILL if the command still
-- runs after so many seconds more (-k). A time may be in minutes ("1.5m"),
-- hours ("1h") or days ("1d"); 0 is no limit. Only the command itself gets
-- signals, not what it has started. If this program is killed, the command
-- gets TERM.
--
-- The exit status is the command's, or 128 and the number of the signal that
-- ended it; 124 if it was ended by its time, but 137 if KILL was needed; 125
-- if this program fails, 126 if the command cannot be executed, 127 if it is
-- not found.
--
-- In a clone that is built, LUA_CPATH='build/5.4/?.so;;' finds the module.

local pidfd = require "pidfd"

local TIMED_OUT, FAILED, CANNOT_RUN, NOT_FOUND = 124, 125, 126, 127
local UNITS = { [""] = 1, s = 1, m = 60, h = 3600, d = 86400 }
local USAGE = "usage: timeout.lua [-k SECONDS] [-s SIGNAL] SECONDS COMMAND...\n"

local function check(result, message)
  return result or error(message, 0)
end

-- The status is the one that a shell has for a command that it cannot run.
local function start(words)
  local p, message, errno = pidfd.spawn(words)
  if not p then
    io.stderr:write("timeout: ", message, "\n")
    os.exit(errno == pidfd.errno.ENOENT and NOT_FOUND or CANNOT_RUN, true)
  end
  return p
end

-- Seconds since the system was started.
local function now()
  local file = check(io.open("/proc/uptime"))
  local seconds = file:read("*n")
  file:close()
  return seconds
end

-- As p:wait, but nil when the time is over; nil is no limit.
local function wait(p, deadline)
  local how, code, errno = p:wait(deadline and math.max(deadline - now(), 0))
  if errno == pidfd.errno.ETIMEDOUT then
    return nil
  end
  return check(how, code), code
end

-- One that is stopped has to go on in order to notice; it may be over, too.
local function signal(p, sig)
  check(p:send_signal(sig))
  p:send_signal("CONT")
end

local function after(seconds)
  return seconds and now() + seconds
end

-- Returns how the command ended. 'job' knows how far that is, so it can be
-- called again after an error.
local function limit(job)
  local how, code
  job.deadline = job.deadline or after(job.seconds)
  if not job.timedout then
    how, code = wait(job.p, job.deadline)
    if how then
      return how, code
    end
    signal(job.p, job.signal)
    job.timedout, job.deadline = true, after(job.grace)
  end
  how, code = wait(job.p, job.deadline)
  if not how then
    signal(job.p, "KILL")
    how, code = wait(job.p)
  end
  return how, code
end

-- Ctrl-C is the command's business, which has had it from the terminal as
-- well. The first one is an error in Lua; the second one ends this program.
local function limitcalmly(job)
  local ok, how, code = pcall(limit, job)
  if not ok and tostring(how):find("interrupted!$") then
    return limit(job)
  end
  return check(ok, how) and how, code
end

local function status(how, code, timedout)
  local killed = how == "signal" and code == pidfd.signal.KILL
  if timedout and not killed then
    return TIMED_OUT
  elseif how == "unknown" then
    return FAILED
  end
  return how == "signal" and 128 + code or code
end

local function run(job)
  job.p = start(job.command)
  local how, code = limitcalmly(job)
  return status(how, code, job.timedout)
end

-- Returns nil for no limit, and false for what is no time.
local function toseconds(text)
  local digits, unit = (text or ""):match("^(.-)([smhd]?)$")
  local number = tonumber(digits)
  if not number or number ~= number or number < 0 then
    return false
  end
  return number > 0 and number * UNITS[unit] or nil
end

-- The number of "15", "TERM", "SIGTERM" or "RTMIN+1"; else false.
local function tosignal(text)
  local name = (text or ""):upper():gsub("^SIG", "")
  local base, offset = name:match("^(RTM%u+)([+-]%d+)$")
  local sig = tonumber(name) or pidfd.signal[base or name]
  sig = sig and sig + tonumber(offset or 0)
  local least = base and pidfd.signal.RTMIN or 1
  return sig and sig % 1 == 0 and sig >= least and sig <= pidfd.signal.RTMAX
    and sig
end

-- A value of false is a mistake of the user's.
local function parse(words)
  local options = { signal = "TERM" }
  local i = 1
  while words[i] == "-k" or words[i] == "-s" do
    if words[i] == "-k" then
      options.grace = toseconds(words[i + 1])
    else
      options.signal = tosignal(words[i + 1])
    end
    i = i + 2
  end
  options.seconds = toseconds(words[i])
  options.command = { pdeathsig = "TERM" }
  for at = i + 1, #words do
    table.insert(options.command, words[at])
  end
  return options
end

local function isvalid(options)
  return options.seconds ~= false and options.grace ~= false
    and options.signal and options.command[1]
end

local function main()
  local options = parse(arg)
  if not isvalid(options) then
    local asked = arg[1] == "--help"
    local output = asked and io.stdout or io.stderr
    output:write(USAGE)
    os.exit(asked and 0 or FAILED)
  end
  local ok, result = pcall(run, options)
  if not ok then
    io.stderr:write("timeout: ", tostring(result), "\n")
    result = FAILED
  end
  os.exit(result)
end

-- In a coroutine, Ctrl-C interrupts nothing but the calls that wait: p:wait,
-- and pidfd.spawn until the command runs. (In LuaJIT it interrupts the
-- program, too, if it comes while that does not wait.)
coroutine.wrap(main)()
