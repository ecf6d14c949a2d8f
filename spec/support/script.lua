-- Runs a Lua program in a process of its own, with this one's interpreter
-- and search paths: so it loads the module that the specs are about.

local read = require "spec.support.read"

local script = {}

-- The program that runs this.
function script.interpreter()
  local first = 0
  while arg and arg[first - 1] do
    first = first - 1
  end
  return first < 0 and arg[first] or "lua5.4"
end

-- One word of a shell command, whatever is in it.
function script.quote(word)
  return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

-- The shell command that runs a program: the name of a file, which ends in
-- ".lua", or else a piece of code. Either finds its arguments in 'arg'.
function script.command(program, ...)
  local words = {
    "env",
    "LUA_PATH_5_4=" .. package.path,
    "LUA_CPATH_5_4=" .. package.cpath,
    script.interpreter(),
  }
  if not program:find("%.lua$") then
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
  local stdout = assert(io.popen("exec " .. command .. redirection))
  local output = stdout:read("a")
  local _, how, code = stdout:close()
  local stderr = read(errors)
  os.remove(errors)
  return output, stderr, how, code
end

return script
