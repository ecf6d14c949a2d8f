-- Runs a Lua program in a process of its own, with this one's interpreter
-- and search paths: so it loads the module that the specs are about.

local read = require "spec.support.read"
local shell = require "spec.support.shell"

local script = {}

-- This process's interpreter.
function script.interpreter()
  local first = 0
  while arg and arg[first - 1] do
    first = first - 1
  end
  return first < 0 and arg[first] or os.getenv("LUA") or "lua5.4"
end

-- In the name of a variable like LUA_PATH_5_4; Lua 5.1 has LUA_PATH.
local suffix = _VERSION ~= "Lua 5.1" and
  _VERSION:gsub("Lua ", "_"):gsub("%.", "_") or ""

-- Settings for env(1): the search paths of this process.
function script.settings()
  return "LUA_PATH" .. suffix .. "=" .. package.path,
    "LUA_CPATH" .. suffix .. "=" .. package.cpath
end

-- Pieces of code are written for Lua 5.4's libraries.
-- A dash at its beginning would make it an option.
local compat = _VERSION ~= "Lua 5.4" and
  " " .. read("spec/support/compat.lua")

-- In Lua 5.1 and 5.2, what -e runs has no 'arg'. A command may be given more
-- words later; without /proc it has those that are known here.
local CMDLINE = [[
  local file = io.open("/proc/self/cmdline")
  local text = file and file:read("*a") or ""
  if file then
    file:close()
  end
  for word in (text:match("%z/dev/null%z(.*)$") or ""):gmatch("(%Z*)%z") do
    if file then
      arg, file = {}, nil
    end
    table.insert(arg, word)
  end
]]

local function arguments(...)
  local words = { ... }
  for i, word in ipairs(words) do
    words[i] = ("%q"):format(word)
  end
  return "arg = { " .. table.concat(words, ", ") .. " }\n" .. CMDLINE
end

-- One word of a shell command, whatever is in it.
function script.quote(word)
  return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

-- The shell command that runs a program: the name of a file, which ends in
-- ".lua", or else a piece of code. Either finds its arguments in 'arg'.
function script.command(program, ...)
  local path, cpath = script.settings()
  local words = { "env", path, cpath, script.interpreter() }
  if not program:find("%.lua$") then
    if compat then
      table.insert(words, "-e")
      table.insert(words, compat)
    end
    if _VERSION == "Lua 5.1" or _VERSION == "Lua 5.2" then
      table.insert(words, "-e")
      table.insert(words, arguments(...))
    end
    table.insert(words, "-e")
    table.insert(words, program)
    program = "/dev/null"
  end
  for _, word in ipairs({ program, ... }) do
    table.insert(words, word)
  end
  for i, word in ipairs(words) do
    words[i] = script.quote(word)
  end
  return table.concat(words, " ")
end

-- Run a program to its end, on an empty input. Returns what it wrote to
-- stdout and to stderr, and how it ended, as os.execute does: "exit" or
-- "signal", and the number.
function script.run(program, ...)
  local errors = os.tmpname()
  local command = script.command(program, ...)
  local redirection = " </dev/null 2>" .. script.quote(errors)
  local output, how, code = shell.output("exec " .. command .. redirection)
  local stderr = read(errors)
  os.remove(errors)
  return output, stderr, how, code
end

return script
