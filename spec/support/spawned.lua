-- Children that pidfd.spawn() makes, to look at; each is over before the spec
-- ends.

local ensure = require "spec.support.ensure"
local pidfd = require "pidfd"
local read = require "spec.support.read"

local spawned = {}

-- Run a program to its end. Returns what it wrote to stdout, and its end as
-- p:wait() tells it.
function spawned.output(options)
  options.stdout = "pipe"
  local p, pipes = assert(pidfd.spawn(options))
  local file = assert(pipes.stdout:file())
  local text = file:read("a")
  file:close()
  local how, code = p:wait()
  p:close()
  return text, how, code
end

-- The variables of an environment, sorted, of which this is the text in /proc.
function spawned.variables(text)
  local list = {}
  for variable in text:gmatch("%Z+") do
    table.insert(list, variable)
  end
  table.sort(list)
  return list
end

-- Those that a program has with these options.
function spawned.environment(options)
  options[1], options[2] = "cat", "/proc/self/environ"
  return spawned.variables((spawned.output(options)))
end

local function close_all(pipes)
  for _, pipe in pairs(pipes) do
    pipe:close()
  end
end

-- Start a program, call 'use' with its pidfd and the pipes, and end it.
function spawned.with(options, use)
  local p, pipes = assert(pidfd.spawn(options))
  local ours = assert(pidfd.open(p:pid())) -- a duplicate would share flags
  ensure(use, function()
    ours:send_signal("KILL")
    ours:wait()
    ours:close()
    p:close()
    close_all(pipes)
  end, p, pipes)
end

-- The same, with a shell that has nothing open but what it was given, and has
-- stopped: what 'use' sees does not change.
function spawned.stopped(options, use)
  options[1], options[2], options[3] = "sh", "-c", "kill -STOP $$"
  spawned.with(options, function(p, pipes)
    assert(p:waitid(pidfd.flags.WSTOPPED))
    use(p, pipes)
  end)
end

-- What such a shell has open, as p:fds() tells it.
function spawned.fds(options)
  local list
  spawned.stopped(options, function(p)
    list = assert(p:fds())
  end)
  return list
end

-- What this process has open.
function spawned.ours()
  local self = assert(pidfd.self())
  local list = assert(self:fds())
  self:close()
  return list
end

spawned.STREAMS = { [0] = "stdin", [1] = "stdout", [2] = "stderr" }

-- The streams of this process, those that are open, and what else is given: of
-- these a stream may be another.
function spawned.inherited(others)
  local list, ours = others or {}, spawned.ours()
  for number in pairs(spawned.STREAMS) do
    list[number] = list[number] or ours[number]
  end
  return list
end

-- A field of the status that /proc has of the process, words set apart by one
-- space.
function spawned.status(p, field)
  local status = read(("/proc/%d/status"):format(p:pid()))
  local value = status:match("\n" .. field .. ":[ \t]*([^\n]*)")
  return (value:gsub("%s+", " "):gsub(" $", ""))
end

-- Its process group and its session.
function spawned.family(p)
  local stat = read(("/proc/%d/stat"):format(p:pid()))
  local group, session = stat:match("%) %a %d+ (%d+) (%d+)")
  return math.tointeger(tonumber(group)), math.tointeger(tonumber(session))
end

-- The numbers of all children of this process, dead or alive.
function spawned.children()
  local self = read("/proc/self/stat"):match("^%d+")
  return read(("/proc/self/task/%s/children"):format(self))
end

return spawned
