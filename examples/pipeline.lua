-- Runs programs in a row, each reading what the one before it writes, and tells
-- how each has ended; a shell tells it of the last one only:
--
--   lua5.4 pipeline.lua PROGRAM [ARGUMENT...] [-- PROGRAM [ARGUMENT...]]...
--
-- The first reads the input of this program, and the last writes to its output.
-- The exit status is 0 if all of them have exited with 0, or were ended by
-- SIGPIPE because the next one wanted no more; else 1. It is 125 if one of them
-- cannot be started: then the others are ended.
--
-- In a clone that is built, LUA_CPATH='build/5.4/?.so;;' finds the module.

local pidfd = require "pidfd"

local BAD, FAILED = 1, 125
local USAGE = "usage: pipeline.lua PROGRAM [ARGUMENT...] [-- PROGRAM...]...\n"

local function split(words)
  local programs = { {} }
  for _, word in ipairs(words) do
    if word == "--" then
      table.insert(programs, {})
    else
      table.insert(programs[#programs], word)
    end
  end
  return programs
end

-- Our end of a pipe goes to the next program, and is closed here: otherwise
-- the one that writes to it would never learn that nobody reads any more.
local function start(programs)
  local children, previous = {}, nil
  for i, words in ipairs(programs) do
    words.stdin = previous
    words.stdout = i < #programs and "pipe" or "inherit"
    words.pdeathsig = "TERM"
    local p, pipes = pidfd.spawn(words)
    if previous then
      previous:close()
    end
    if not p then
      return nil, pipes, children
    end
    children[i], previous = p, pipes.stdout
  end
  return children
end

local function stop(children)
  for _, p in ipairs(children) do
    p:terminate(1)
  end
end

local function isgood(how, code, islast)
  local piped = how == "signal" and code == pidfd.signal.PIPE
  return how == "exit" and code == 0 or piped and not islast
end

local function tell(name, how, code)
  if how == "signal" then
    code = pidfd.signal[code] or code
  end
  io.stderr:write(name, ": ", how, " ", tostring(code), "\n")
end

local function main(words)
  if words[1] == "--help" then
    io.stdout:write(USAGE)
    return 0
  end
  local programs = split(words)
  for _, program in ipairs(programs) do
    if not program[1] then
      io.stderr:write(USAGE)
      return FAILED
    end
  end
  local children, message, others = start(programs)
  if not children then
    stop(others)
    io.stderr:write(message, "\n")
    return FAILED
  end
  local good = true
  for i, p in ipairs(children) do
    local how, code = assert(p:wait())
    tell(programs[i][1], how, code)
    good = isgood(how, code, i == #children) and good
  end
  return good and 0 or BAD
end

os.exit(main(arg), true)
