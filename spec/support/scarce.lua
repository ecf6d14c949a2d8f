-- A call where descriptors are few, and the collector comes only when it is
-- called. Both functions take two pieces of Lua code: one that prepares, and
-- one that makes the call, an expression.

local run = require "spec.support.run"

local scarce = {}

local function run_few(kept, prepare, call)
  local program = "require 'spec.programs.scarce'" -- so that it has compat.lua
  local output = run.with_descriptors(24, program, kept, prepare, call)
  return output:match("^(.*)\n$")
end

-- With pidfds around that are garbage: "returns", or the name of an errno.
function scarce.with_garbage(prepare, call)
  return run_few("garbage", prepare, call)
end

-- With all descriptors in use.
function scarce.without_garbage(prepare, call)
  return run_few("kept", prepare, call)
end

return scarce
