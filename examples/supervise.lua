-- Keeps programs running: starts them in order, starts them again when they
-- end, and stops them in reverse order on SIGTERM or Ctrl-C.
--
--   lua5.4 supervise.lua CONFIG
--
-- CONFIG is a Lua file that returns a list of programs:
--
--   return {
--     { name = "db", command = { "postgres", "-D", "data" }, grace = 60 },
--     {
--       name = "web",
--       command = { "./web", "--port", "8080" },
--       cwd = "/srv/web", env = { LANG = "C" }, -- the whole environment
--       uid = 33, gid = 33, groups = {},
--       restart = "on-failure", -- or "never"; without it: "always"
--       backoff = 0.5, -- seconds before it is started again, and twice as
--       longest = 30, -- many each time, but no more than so many,
--       stable = 10, -- until it has run for so long
--       grace = 5, -- seconds between TERM and KILL when it is stopped
--     },
--   }
--
-- What happens is told on stderr. No program outlives this one, even if it is
-- killed. It does not look after what a program starts in turn. Needs cqueues.
--
-- In a clone that is built, LUA_CPATH='build/5.4/?.so;;' finds the module.

local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local pidfd = require "pidfd"
local signal = require "cqueues.signal"

local TYPES = {
  name = "string", command = "table", cwd = "string", env = "table",
  uid = "number", gid = "number", groups = "table", restart = "string",
  backoff = "number", longest = "number", stable = "number", grace = "number",
}
local DEFAULTS = {
  restart = "always", backoff = 1, longest = 60, stable = 10, grace = 10,
}
local RESTARTS = { ["always"] = true, ["on-failure"] = true, ["never"] = true }

local function log(text, ...)
  -- in one piece, or what a program writes could come between
  io.stderr:write(os.date("%Y-%m-%d %H:%M:%S ") .. text:format(...) .. "\n")
end

local function check(truth, text, ...)
  return truth or error(text:format(...), 0)
end

-- No terminal: Ctrl-C is for the supervisor, which has an order to keep.
local function spawnoptions(program)
  local options = { stdin = "null", pgroup = 0, pdeathsig = "KILL" }
  for _, key in ipairs { "cwd", "env", "uid", "gid", "groups" } do
    options[key] = program[key]
  end
  for i, word in ipairs(program.command) do
    options[i] = word
  end
  return options
end

local function complete(program, number)
  check(type(program) == "table", "program %d: not a table", number)
  local name = program.name or "program " .. number
  for key, value in pairs(program) do
    local wanted = check(TYPES[key], "%s: unknown key '%s'", name, key)
    check(type(value) == wanted, "%s: %s: not a %s", name, key, wanted)
    check(wanted ~= "number" or value >= 0, "%s: %s: not 0 or more", name, key)
  end
  check(program.command, "%s: no command", name)
  setmetatable(program, { __index = DEFAULTS })
  check(RESTARTS[program.restart], "%s: restart: unknown word", name)
  program.name = name
  program.options = spawnoptions(program)
  program.wanted, program.over = true, true
  program.unwanted = condition.new() -- for one that pauses
  program.finished = condition.new() -- for one who waits for it to be over
end

-- What the system refuses today it may grant tomorrow. What is wrong with the
-- options, in brackets at the end of the message, stays so: that is raised.
local function start(program)
  local ok, p, message = pcall(pidfd.spawn, program.options)
  check(ok, "%s: %s", program.name, ok or p:match("%((.+)%)$") or p)
  program.p, program.since = p, cqueues.monotime()
  if p then
    log("%s: started, pid %d", program.name, p:pid())
  else
    log("%s: not started: %s", program.name, message)
  end
end

-- Returns how it ended, as p:wait does, or nothing if it was not started. The
-- loop has to forget the pidfd before it is closed.
local function await(program)
  local p = program.p
  if p then
    cqueues.poll(p)
    cqueues.cancel(p)
    program.p = nil
    local how, code = p:wait()
    p:close()
    local name = how == "signal" and pidfd.signal[code]
    log("%s: ended, %s %s", program.name, how, name or code)
    return how, code
  end
end

-- Returns how long to pause the next time.
local function pause(program, seconds)
  if cqueues.monotime() - program.since >= program.stable then
    seconds = program.backoff
  end
  log("%s: starts again in %g s", program.name, seconds)
  program.unwanted:wait(seconds)
  return math.min(2 * seconds, program.longest)
end

local function goeson(program, how, code)
  local failed = how ~= "exit" or code ~= 0
  return program.wanted and (program.restart == "always"
    or program.restart == "on-failure" and failed)
end

-- Look after a program that has been started, until it is over for good.
local function keep(program)
  local seconds = program.backoff
  while goeson(program, await(program)) do
    seconds = pause(program, seconds)
    if program.wanted then
      start(program)
    end
  end
  program.over = true
  program.finished:signal()
end

local function tell(program, sig)
  if program.p then
    local ok, message = program.p:send_signal(sig)
    log("%s: %s", program.name, ok and "sent " .. sig or message)
  end
end

-- As p:terminate, which would stop the loop meanwhile.
local function stop(program)
  tell(program, "TERM")
  if not program.over and not program.finished:wait(program.grace) then
    tell(program, "KILL")
    program.finished:wait()
  end
end

local function stopall(programs)
  for _, program in ipairs(programs) do
    program.wanted = false
    program.unwanted:signal()
  end
  for i = #programs, 1, -1 do
    stop(programs[i])
  end
end

local function listen()
  signal.ignore(signal.SIGPIPE) -- of a log that nobody reads any more
  signal.block(signal.SIGTERM, signal.SIGINT)
  return signal.listen(signal.SIGTERM, signal.SIGINT)
end

local function startall(programs, loop)
  for _, program in ipairs(programs) do
    start(program)
    program.over = false
    loop:wrap(keep, program)
  end
end

-- Returns when all programs are over, if not a signal says so before.
local function supervise(programs, signals)
  for _, program in ipairs(programs) do
    while not program.over do
      if cqueues.poll(signals, program.finished) == signals then
        log("stopping: %s", signal.strsignal(signals:wait()))
        return stopall(programs)
      end
    end
  end
end

local function main(path)
  local programs, signals = dofile(path), listen()
  check(type(programs) == "table" and programs[1], "%s returns no list", path)
  for number, program in ipairs(programs) do
    complete(program, number)
  end
  local loop = cqueues.new()
  local ok, message = pcall(startall, programs, loop)
  loop:wrap(ok and supervise or stopall, programs, signals)
  assert(loop:loop())
  check(ok, "%s", message)
  log("all programs are over")
end

if not arg[1] or arg[2] or arg[1] == "--help" then
  local asked = arg[1] == "--help"
  local output = asked and io.stdout or io.stderr
  output:write("usage: supervise.lua CONFIG\n")
  os.exit(asked and 0 or 2, true)
end
local ok, message = pcall(main, arg[1])
if not ok then
  io.stderr:write("supervise: ", tostring(message), "\n")
  os.exit(1, true)
end
