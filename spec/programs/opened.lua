-- Starts a program with the options that the argument has, and shows on
-- descriptor 2 which numbers it has open, and on what.

local options = require "spec.programs.options"
local spawned = require "spec.support.spawned"

local list = spawned.fds(options {})
for number = 0, 20 do
  if list[number] then
    io.stderr:write(number, " ", list[number]:match("^pipe") or list[number],
      "\n")
  end
end
