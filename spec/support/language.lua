-- What only some versions of Lua have. Specs about it are pending in others.

local pending = require "spec.support.pending"

local language = {}

local is_jit = rawget(_G, "jit") ~= nil

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
  ["way to tell that the collector is stopped"] =
    _VERSION ~= "Lua 5.1" or is_jit,
  ["yields across pcall"] = coroutine.wrap(function()
    return pcall(coroutine.yield, true)
  end)() == true,
  -- that is less than its buffers for strings take
  ["'require' in a stack of 16 KiB"] =
    _VERSION ~= "Lua 5.2" and _VERSION ~= "Lua 5.3" and not is_jit,
  ["status of io.popen's command"] = _VERSION ~= "Lua 5.1",
  ["hooks of a coroutine"] = not is_jit,
}

function language.has(feature)
  return has[feature]
end

-- Is pending where this Lua has no such thing.
function language.need(feature)
  if not has[feature] then
    pending(("%s has no %s"):format(is_jit and "LuaJIT" or _VERSION, feature))
  end
end

return language
