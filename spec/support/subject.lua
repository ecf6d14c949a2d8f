-- A process that has something special about it, see subject.c.

local child = require "spec.support.child"
local compiled = require "spec.support.compiled"

local subject = {}

-- Start it with these arguments, and options of pidfd.spawn; lend its pidfd,
-- and the line that it wrote when it was ready, to 'use'. Then end it.
function subject.with(options, use)
  local program = compiled.need_program("subject")
  table.insert(options, 1, program)
  child.ready(options, use)
end

return subject
