-- What a process is doing, which is known by its number: for a child of the
-- spec's that has not been waited for, or a descendant that is held likewise.

local read = require "spec.support.read"

local state = {}

-- The letter of ps(1): "S" sleeps, "T" is stopped, "Z" is a zombie.
function state.of(pid)
  return read(("/proc/%d/stat"):format(pid)):match("%) (%a)")
end

-- No event tells of it, so this looks again and again.
function state.await(pid, letter)
  repeat until state.of(pid) == letter
end

return state
