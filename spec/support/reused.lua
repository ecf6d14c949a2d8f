-- Programs in a pid namespace of their own, where the kernel can be made to
-- hand out a number again. See compiled.lua.

local compiled = require "spec.support.compiled"
local pending = require "spec.support.pending"
local run = require "spec.support.run"

local reused = {}

-- Run such a program, which uses spec/programs/reused.lua. Returns its output.
function reused.run(program, ...)
  local reborn = compiled.need_program("reborn")
  local options = "--pid --fork --mount-proc env REBORN=" .. reborn
  local output = run.unshared(options, program, ...)
  if output:find("impossible\n$") then
    pending("needs a pid namespace of its own")
  end
  return output
end

return reused
