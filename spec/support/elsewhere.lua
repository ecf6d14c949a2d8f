-- A call that fails in another place than here. It is an expression in Lua, in
-- which 'p' is a pidfd. Returns the name of the errno, and the message.

local run = require "spec.support.run"

local elsewhere = {}

local PROGRAM = "require 'spec.programs.failing'" -- so that it has compat.lua

local function read(output)
  local errno, message = output:match("^(%u%w*)\t([^\n]*)\n$")
  return errno or output, message
end

-- In a pid namespace where the process of 'p' is not.
function elsewhere.outside(call)
  return read(run.in_pid_namespace(PROGRAM, "pidfd.adopt(3)", call))
end

-- Where /proc is hidden, with a 'p' of the process itself.
function elsewhere.without_proc(call)
  return read(run.unshared(run.without_proc, PROGRAM, "pidfd.self()", call))
end

-- As an ordinary user, with a 'p' of a process of root.
function elsewhere.as_stranger(call)
  return read(run.as_stranger(PROGRAM, nil,
    "pidfd.open(math.tointeger(arg[1]))", call))
end

return elsewhere
