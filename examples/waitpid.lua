-- Waits for any processes, children of the shell or not, and tells how each
-- of them ended, as they end:
--
--   lua5.4 waitpid.lua PID...
--
-- The exit status is 0 if all of them ended by exit 0, and else 1.
--
-- In a clone that is built, LUA_CPATH='build/5.4/?.so;;' finds the module.

local pidfd = require "pidfd"

-- How a process ended that belongs to somebody else may be told only when its
-- parent asks: so many seconds are left to the parent.
local PATIENCE = 1

local allwell = true

local function tell(pid, text, well)
  print(("%d: %s"):format(pid, text))
  allwell = allwell and well
end

local function describe(how, code)
  local text = code and how .. " " .. code or how
  local name = how == "signal" and pidfd.signal[code]
  return name and ("%s (%s)"):format(text, name) or text
end

local function tellend(pid, p)
  local how, code = p:wait(PATIENCE)
  if not how then
    tell(pid, code, false)
  else
    tell(pid, describe(how, code), how == "exit" and code == 0)
  end
end

-- Returns a list of pidfds, and the pid of each.
local function open(pids)
  local list, pidof = {}, {}
  for _, pid in ipairs(pids) do
    local p, message, errno = pidfd.open(pid)
    if p then
      table.insert(list, p)
      pidof[p] = pid
    else
      local gone = errno == pidfd.errno.ESRCH
      tell(pid, gone and "no such process" or message, false)
    end
  end
  return list, pidof
end

-- Those of the list that have a pid still.
local function rest(list, pidof)
  local remaining = {}
  for _, p in ipairs(list) do
    if pidof[p] then
      table.insert(remaining, p)
    end
  end
  return remaining
end

local function waitfor(list, pidof)
  while list[1] do
    for _, p in ipairs(assert(pidfd.poll(list))) do
      tellend(pidof[p], p)
      pidof[p] = nil
    end
    list = rest(list, pidof)
  end
end

-- Returns nil if one of the words is no pid, or there are none.
local function parse(words)
  local pids = {}
  for i, word in ipairs(words) do
    local pid = tonumber(word)
    pid = pid and pid % 1 == 0 and pid
    if not pid or pid < 1 or pid > 0x7fffffff then
      return nil
    end
    pids[i] = pid
  end
  return pids[1] and pids
end

local pids = parse(arg)
if not pids then
  local asked = arg[1] == "--help"
  local output = asked and io.stdout or io.stderr
  output:write("usage: waitpid.lua PID...\n")
  os.exit(asked and 0 or 2, true)
end
io.stdout:setvbuf("line")
local ok, message = pcall(function()
  waitfor(open(pids))
end)
if not ok then
  io.stderr:write("waitpid: ", tostring(message), "\n")
end
os.exit(ok and allwell and 0 or 1, true)
