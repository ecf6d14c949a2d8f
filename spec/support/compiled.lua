-- C helpers of the specs, compiled on the spot from this directory. A spec
-- file that uses one says "teardown(compiled.remove)".

local compiled = {}

local directory
local results = {}
local cpath = package.cpath

local function newdirectory()
  local name = os.tmpname()
  os.remove(name)
  assert(os.execute("mkdir -m 755 " .. name))
  return name
end

local function compile(name, options, target)
  directory = directory or newdirectory()
  if results[name] == nil then
    local include = os.getenv("LUA_INCDIR") or "/usr/include/lua5.4"
    local command = "cc -std=gnu11 -isystem %s %s -o %s/%s spec/support/%s.c"
    command = command:format(include, options, directory, target, name)
    results[name] = os.execute(command .. " >/dev/null 2>&1") == true
  end
  return results[name]
end

-- The path of a program, or nil where there is no compiler.
function compiled.program(name)
  return compile(name, "-pthread", name) and directory .. "/" .. name or nil
end

-- Make a Lua module that is found from now on, by programs that a spec starts
-- as well. Returns whether that was possible.
function compiled.module(name)
  local possible = compile(name, "-fPIC -shared", name .. ".so")
  package.cpath = cpath .. ";" .. directory .. "/?.so"
  return possible
end

function compiled.remove()
  if directory then
    os.execute("rm -r " .. directory)
    directory = nil
  end
  results = {}
  package.cpath = cpath
end

return compiled
