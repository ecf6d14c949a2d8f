-- The Lua module of that name; is pending where it is not installed.

local has = require "spec.support.has"
local pending = require "spec.support.pending"

return function(module)
  if not has(module) then
    pending("needs " .. module)
  end
  return require(module)
end
