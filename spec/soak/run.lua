-- Starts, kills and waits for programs as fast as it can: run.lua SECONDS. At
-- the end there are as many descriptors as at the start, no child, and no more
-- memory than after the first tenth of the time, give or take. Says after each
-- tenth how it stands.

local pidfd = require "pidfd"

local SECONDS = tonumber(arg[1])
local CHILDREN = 16
local MORE = 1024 -- KiB of resident memory that may come on top

local me = assert(pidfd.self())

local function descriptors()
  local n = 0
  for _ in pairs(assert(me:fds())) do
    n = n + 1
  end
  return n
end

local function resident()
  collectgarbage()
  collectgarbage()
  return tonumber(assert(me:proc("status")):match("VmRSS:%s*(%d+)"))
end

local function children()
  return (assert(me:proc(("task/%d/children"):format(assert(me:pid())))))
end

local COMMANDS = {
  { "true" },
  { "sleep", "60" },
  { "sh", "-c", "exit 7" },
  { "sh", "-c", "kill -STOP $$" },
  { "/nowhere" },
}

local running = {}
local started, refused = 0, 0

local function start(i)
  local command = COMMANDS[math.random(#COMMANDS)]
  local options = { stdin = "null", stdout = "null", table.unpack(command) }
  options.stdin = math.random(2) == 1 and "pipe" or "null"
  local p, pipes = pidfd.spawn(options)
  if p then
    started = started + 1
    running[i] = { p = p, pipes = pipes }
  else
    refused = refused + 1
  end
end

local ENDS = {
  function(p) return p:terminate(0) end,
  function(p)
    p:send_signal("KILL")
    return p:wait()
  end,
  function(p)
    p:send_signal("KILL")
    return p:waitid(pidfd.flags.WEXITED)
  end,
  function(p)
    p:send_signal("KILL")
    p:poll()
    return p:wait()
  end,
}

local function stop(i)
  local child = running[i]
  running[i] = nil
  assert(ENDS[math.random(#ENDS)](child.p))
  if math.random(2) == 1 then
    child.p:close() -- else the collector does it
  end
end

local function stop_all()
  for i in pairs(running) do
    stop(i)
  end
end

local function work(deadline)
  repeat
    local i = math.random(CHILDREN)
    if running[i] then
      stop(i)
    else
      start(i)
    end
  until os.time() >= deadline
  stop_all()
end

io.stdout:setvbuf("line") -- into a file, too

local function report(part)
  local memory = resident() -- which collects
  print(("%3d %%: %d children, %d that did not start; descriptors: %d; " ..
    "resident memory: %d KiB; children left: %q"):format(part, started,
    refused, descriptors(), memory, children()))
end

local now = os.time()
local fds = descriptors()
report(0)
work(now + math.max(1, math.floor(SECONDS / 10)))
report(10)
local before = resident()
for tenth = 2, 10 do
  work(now + math.floor(SECONDS * tenth / 10))
  report(tenth * 10)
end
local after = resident()
assert(descriptors() == fds, "descriptors are left")
assert(children() == "", "children are left")
assert(after <= before + MORE, "the memory grows")
