-- Runs a program that handles signals: it has the module "unix", which
-- spec/programs/alarm.lua needs. Returns what it wrote to stdout, and how it
-- ended; on stderr it must not say anything.

local assert = require "luassert"
local compiled = require "spec.support.compiled"
local script = require "spec.support.script"

return function(program, ...)
  compiled.need("unix")
  local output, errors, how, code = script.run(program, ...)
  assert.equal("", errors)
  return output, how, code
end
