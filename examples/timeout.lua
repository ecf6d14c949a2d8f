-- Runs a command, and ends it if it takes too long, as timeout(1) does:
--
--   lua5.4 timeout.lua [-k SECONDS] [-s SIGNAL] SECONDS COMMAND [ARGUMENT...]
--
-- When the time is over it sends SIGNAL (TERM), and KILL if the command still
-- runs after so many seconds more (-k). 0 seconds are no limit. Only the
-- command itself gets signals, not what it has started. If this program is
-- killed, the command gets TERM.
--
-- The exit status is the command's, or 128 and the number of the signal that
-- ended it; 124 if it was ended by its time, but 137 if KILL was needed; 125
-- if this program fails, 126 if the command cannot be executed, 127 if it is
-- not found.

local pidfd = require "pidfd"

local TIMED_OUT, FAILED = 124, 125
local USAGE = "usage: timeout.lua [-k SECONDS] [-s SIGNAL] SECONDS COMMAND...\n"

local function check(result, message)
  return result or error(message, 0)
end

local function quoted(words)
  local list = {}
  for i, word in ipairs(words) do
    list[i] = "'" .. word:gsub("'", "'\\''") .. "'"
  end
  return table.concat(list, " ")
end

-- The shell command that becomes these words, and dies with its parent.
local function become(words)
  return "exec setpriv --pdeathsig TERM -- " .. quoted(words)
end

-- The words that started this program, with one more for itself.
local function again(word)
  local words, first = {}, 0
  while arg[first - 1] do
    first = first - 1
  end
  table.move(arg, first, 0, 1, words)
  table.insert(words, word)
  return table.move(arg, 1, #arg, #words + 1, words)
end

-- io.popen puts a pipe where the command's output should go. So this program
-- runs a second time, with its true output as descriptor 9 too, and there
-- the shell puts it back. The pipe is only for the pid.
local OUTPUT_IS_9 = "--output-is-9"

local function runagain()
  local command = "exec 9>&1; " .. become(again(OUTPUT_IS_9))
  local _, how, code = os.execute(command)
  return how == "signal" and 128 + code or code
end

-- Returns a pidfd for the command, and the pipe. The collector would wait
-- for the command in order to close the pipe: that has to be kept.
local function start(words)
  local script = "echo $$; exec >&9 9>&-; " .. become(words)
  local pipe = check(io.popen(script))
  local pid = check(pipe:read("n"), "the command did not start")
  return check(pidfd.open(pid)), pipe
end

-- Seconds since the system was started.
local function now()
  local file <close> = check(io.open("/proc/uptime"))
  return file:read("n")
end

-- As p:wait, but nil when the time is over.
local function wait(p, seconds)
  local how, code, errno = p:wait(seconds)
  if errno == pidfd.errno.ETIMEDOUT then
    return nil
  end
  return check(how, code), code
end

-- Ctrl-C is the command's business, which has had it from the terminal as
-- well. The first one is an error in Lua; the second one ends this program.
local function waitcalmly(p, seconds)
  local deadline = seconds and now() + seconds
  local ok, how, code = pcall(wait, p, seconds)
  if not ok and how:find("interrupted!$") then
    return wait(p, deadline and math.max(deadline - now(), 0))
  end
  check(ok, how)
  return how, code
end

-- One that is stopped has to go on in order to notice; it may be over, too.
local function signal(p, sig)
  check(p:send_signal(sig))
  p:send_signal("CONT")
end

-- Returns how the command ended, and whether its time had ended before.
local function limit(p, options)
  local how, code = waitcalmly(p, options.seconds)
  if how then
    return how, code, false
  end
  signal(p, options.signal)
  how, code = waitcalmly(p, options.grace)
  if not how then
    signal(p, "KILL")
    how, code = wait(p)
  end
  return how, code, true
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

local function run(options)
  local p, pipe = start(options.command)
  local how, code, timedout = limit(p, options)
  pipe:close()
  return status(how, code, timedout)
end

-- Returns nil for no limit, and false for what is no time.
local function toseconds(text)
  local seconds = tonumber(text or "")
  if not seconds or seconds < 0 then
    return false
  end
  return seconds > 0 and seconds or nil
end

local function tosignal(text)
  local name = (text or ""):upper():gsub("^SIG", "")
  local sig = tonumber(name) or name
  return pidfd.signal[sig] and sig or false
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
  options.command = table.move(words, i + 1, #words, 1, {})
  return options
end

local function isvalid(options)
  return options.seconds ~= false and options.grace ~= false
    and options.signal and options.command[1]
end

local function main()
  local second = arg[1] == OUTPUT_IS_9
  if second then
    table.remove(arg, 1)
  end
  local options = parse(arg)
  if not isvalid(options) then
    io.stderr:write(USAGE)
    os.exit(FAILED)
  end
  local ok, result = pcall(second and run or runagain, options)
  if not ok then
    io.stderr:write("timeout: ", tostring(result), "\n")
    result = FAILED
  end
  os.exit(result)
end

-- In a coroutine, nothing but p:wait is interrupted by Ctrl-C.
coroutine.wrap(main)()
