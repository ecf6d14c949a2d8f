-- What only some versions of Lua have. Specs about it are pending in others.

local pending = require "spec.support.pending"

local language = {}

local function compiles(code)
  return load(code) ~= nil
end

local function collects(mode)
  local possible = pcall(collectgarbage, mode)
  collectgarbage("incremental")
  return possible
end

local has = {
  ["<close>"] = compiles("local x <close> = nil"),
  ["generational"] = collects("generational"),
  ["incremental"] = true,
  ["integers of 64 bits"] = math.maxinteger > 2 ^ 53,
}

function language.has(feature)
  return has[feature]
end

-- Is pending where this Lua has no such thing.
function language.need(feature)
  if not has[feature] then
    pending(("%s has no %s"):format(_VERSION, feature))
  end
end

return language
