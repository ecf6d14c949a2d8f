-- C helpers of the specs, compiled on the spot from this directory, and removed
-- at the end of the spec file that uses them.

local busted = require "busted"
local directory = require "spec.support.directory"
local pending = require "spec.support.pending"

local compiled = {}

local where
local results = {}
local cpath = package.cpath

local function compile(name, target, options, compiler)
  where = where or directory.new()
  if results[name] == nil then
    local include = os.getenv("LUA_INCDIR") or
      "/usr/include/" .. _VERSION:lower():gsub(" ", "")
    local command = "%s -std=gnu11 -isystem %s -o %s/%s spec/support/%s.c %s"
    command = command:format(compiler or "cc", include, where, target, name,
      options or "")
    results[name] = os.execute(command .. " >/dev/null 2>&1") == true
  end
  return results[name]
end

-- The path of a program, or nil where there is no compiler, or no library that
-- the options want.
function compiled.program(name, options)
  local possible = compile(name, name, options, os.getenv("CC_PROGRAM"))
  return possible and where .. "/" .. name or nil
end

-- The same, but is pending where it is not possible.
function compiled.need_program(name, options)
  local path = compiled.program(name, options)
  if not path then
    pending("needs a C compiler")
  end
  return path
end

-- Make a Lua module that is found from now on, by programs that a spec starts
-- as well. Returns whether that was possible. An emulated interpreter takes
-- modules of another machine than the programs that it starts. A module stays
-- when its state is closed, as a thread may run in it.
function compiled.module(name)
  local possible = compile(name, name .. ".so",
    "src/compat.c -fPIC -shared -Wl,-z,nodelete", os.getenv("CC_MODULE"))
  package.cpath = cpath .. ";" .. where .. "/?.so"
  return possible
end

-- The same, but is pending where it is not possible.
function compiled.need(name)
  if not compiled.module(name) then
    pending("needs a C compiler")
  end
end

-- Whether the interpreter is of another machine, or has another C library, than
-- the programs that are compiled here.
function compiled.is_foreign()
  return os.getenv("CC_MODULE") ~= nil
end

-- The path of a program that has Lua in it; is pending where that is not
-- possible.
function compiled.need_host(name)
  local path = not compiled.is_foreign() and
    compiled.program(name, os.getenv("LUA_LIB") or "-llua5.4")
  if not path then
    pending("needs a C compiler, and Lua's library")
  end
  return path
end

local function remove()
  if where then
    directory.remove(where)
    where = nil
  end
  results = {}
  package.cpath = cpath
  return nil, true -- other subscribers are called, too
end

busted.subscribe({ "file", "end" }, remove)

return compiled
