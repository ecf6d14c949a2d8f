-- Runs a command with a time limit that holds for all that it starts, and
-- writes what it had to say once it is over, so that the output of several
-- such commands is never mixed:
--
--   lua5.4 run.lua [OPTION...] COMMAND [ARGUMENT...]
--
-- In a clone that is built, LUA_CPATH='build/5.4/?.so;;' finds the module.

local pidfd = require "pidfd"

local TIMED_OUT, FAILED, CANNOT_RUN, NOT_FOUND = 124, 125, 126, 127
local INTERRUPTED = 128 + pidfd.signal.INT

local USAGE = "usage: run.lua [OPTION...] COMMAND [ARGUMENT...]\n"
local HELP = USAGE .. [[

Run a command, and write its output once it is over.

  -t SECONDS  its time; then it gets SIGTERM, with all that it has started
  -k SECONDS  how long after that the rest of it gets SIGKILL (2)
  -l BYTES    keep so many of each of its outputs, and drop what follows
  -i FILE     its input; "-" is that of this program (none)
  -p          only the command itself is ended, not what it has started
  -v          write a line about its end to stderr
  -h, --help  write this

The exit status is the command's, or 128 and the number of the signal that
ended it; 124 if its time was over; 125 if this program fails, 126 if the
command cannot be executed, 127 if it is not found, 130 after Ctrl-C, which
ends all of the command.
]]

local function exit(status, text)
  if text then
    io.stderr:write(text)
  end
  os.exit(status, true)
end

local function tointeger(text)
  local number = tonumber(text)
  return number and number % 1 == 0 and number
end

-- Options with a value: their names for pidfd.run, and what reads the value,
-- or returns nil or false.
local readers = {
  ["-t"] = { "timeout", tonumber },
  ["-k"] = { "grace", tonumber },
  ["-l"] = { "limit", tointeger },
  ["-i"] = { "file", tostring },
}

-- Returns the options of pidfd.run, and whether to tell of the end.
local function parse(words)
  local options, verbose = {}, false
  local i = 1
  while (words[i] or ""):find("^%-.") and words[i] ~= "--" do
    local reader = readers[words[i]]
    if words[i] == "-h" or words[i] == "--help" then
      io.stdout:write(HELP)
      exit(0)
    elseif words[i] == "-p" then
      options.scope = "process"
    elseif words[i] == "-v" then
      verbose = true
    elseif reader and words[i + 1] then
      i = i + 1
      options[reader[1]] = reader[2](words[i]) or exit(FAILED, USAGE)
    else
      exit(FAILED, USAGE)
    end
    i = i + 1
  end
  for at = words[i] == "--" and i + 1 or i, #words do
    table.insert(options, words[at])
  end
  return options[1] and options or exit(FAILED, USAGE), verbose
end

local function setinput(options)
  local file = options.file
  options.file = nil
  if file == "-" then
    options.stdin = "inherit"
  elseif file then
    options.stdin = assert(io.open(file, "rb"))
  end
end

local function cannot(message, errno)
  local missing = errno == pidfd.errno.ENOENT
  exit(missing and NOT_FOUND or CANNOT_RUN, message .. "\n")
end

local function status(result)
  if result.timedout then
    return TIMED_OUT
  elseif result.how == "exit" then
    return result.code
  end
  return result.how == "signal" and 128 + result.code or FAILED
end

local function main()
  local options, verbose = parse(arg)
  setinput(options)
  local result, message, errno = pidfd.run(options)
  if not result then
    cannot(message, errno)
  end
  io.stdout:write(result.stdout)
  io.stderr:write(result.stderr)
  if verbose then
    io.stderr:write(tostring(result), "\n")
  end
  return status(result)
end

local ok, result = pcall(main)
if not ok then
  local interrupted = tostring(result):find("interrupted!$")
  exit(interrupted and INTERRUPTED or FAILED, tostring(result) .. "\n")
end
exit(result)
