-- For a program that gives up what it starts: returns a function. That runs
-- 'start', an expression, and interrupts it when the child has a tracer, which
-- is the command. It prints what came of it, and whether the child is there
-- still, and returns a table of the tracer, its pipes, and what was before.

local alarm = require "spec.programs.alarm"
local argument = require "spec.programs.argument"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local spawned = require "spec.support.spawned"

local given_up = {}

-- How many mappings are shared with children, as those that launches use are.
function given_up.mappings()
  local n = 0
  for line in io.lines("/proc/self/maps") do
    n = n + (line:find("^%S+ ...s ") and 1 or 0)
  end
  return n
end

-- A handler of SIGALRM: trace the first child, once it is there, and raise.
local function trace(state, command)
  state.pid = state.pid or spawned.children():match("%d+")
  if state.pid and not state.tracer then
    state.tracer, state.pipes = assert(pidfd.spawn {
      "sh", "-c", command, state.pid, stdin = "pipe", stdout = "pipe",
    })
    assert(state.pipes.stdout:lines()() == "true", "it cannot be traced")
    error("enough", 0)
  end
end

function given_up.run(command, start)
  -- The mapping that launches use: one that is used again.
  assert(assert(pidfd.spawn { "true" }):wait())
  collectgarbage()
  collectgarbage("stop")
  local state = { fds = fds.count(), maps = given_up.mappings() }
  print(pcall(alarm.every, 0.02, function()
    trace(state, command)
  end, argument(start, { pidfd = pidfd })))
  print(spawned.children():find(state.pid, 1, true) ~= nil)
  return state
end

-- Has the tracer let go of the child.
function given_up.release(state)
  for _, pipe in pairs(state.pipes) do
    pipe:close()
  end
end

return given_up
