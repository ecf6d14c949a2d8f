-- The main job of the module, step by step. A running program holds a file
-- that has been deleted: no name on the disk leads to it any more. A pidfd
-- reaches into the program, and gets the file out.
--
--   make demo
--
-- In a clone that is built, LUA_CPATH='build/5.4/?.so;;' finds the module.

local pidfd = require "pidfd"

-- Writes each line of its input to the file $1, and tells. It ends with its
-- input: at the latest, when this demo does.
local PROGRAM = [[
exec 9<>"$1"
while read -r line; do echo "$line" >&9 && echo written; done
]]

local HELP = [[
usage: demo.lua [--help]

Start a program that writes a file, delete the file, and get it out of the
running program again, by a pidfd. Each step is told; nothing is left behind.
]]

local function check(truth, complaint)
  return truth or error(complaint, 0)
end

local function say(text, ...)
  print(text:format(...))
end

local function show(code, result)
  say("    %-22s --> %s", code, tostring(result))
end

local function stop(program)
  program.input:close() -- a second time does no harm
  program.output:close()
  program.child:wait()
  os.remove(program.path)
end

local function start()
  local path = os.tmpname()
  local child, pipes = pidfd.spawn {
    "sh", "-c", PROGRAM, "sh", path, stdin = "pipe", stdout = "pipe",
  }
  local program = { path = path, child = check(child, pipes), told = "" }
  program.pid = check(child:pid())
  program.input, program.output = pipes.stdin, pipes.stdout
  program.answers = pipes.stdout:lines(10)
  return program
end

local function tell(program, line)
  check(program.input:write(line .. "\n"))
  check(program.answers() == "written", "the program did not write")
  program.told = program.told .. line .. "\n"
end

-- Where the program will write next.
local function offset(program, fd)
  local path = ("/proc/%d/fdinfo/%d"):format(program.pid, fd)
  for line in io.lines(path) do
    local position = line:match("^pos:%s*(%d+)")
    if position then
      return tonumber(position)
    end
  end
end

-- Deletes the file. Returns what the system says of its name afterwards.
local function delete(path)
  check(os.remove(path))
  local file, message = io.open(path)
  check(not file, path .. " is still there")
  return message
end

local function finddeleted(p, path)
  for number, target in pairs(check(p:fds())) do
    if target == path .. " (deleted)" then
      return number, target
    end
  end
  error("the program does not hold " .. path, 0)
end

-- The offset is the program's as well. Once the file has been read to its
-- end, it has to be put back to where the program wants to go on.
local function readall(file)
  local position = check(file:seek())
  check(file:seek("set"))
  local content = check(file:read("*a"))
  check(file:seek("set", position))
  return content
end

local function save(content, path)
  local copy = check(io.open(path, "w+"))
  check(copy:write(content))
  check(copy:seek("set"))
  local saved = copy:read("*a")
  copy:close()
  return saved
end

local function rescue(program, p, copy)
  local number, target = finddeleted(p, program.path)
  show("p:fds()[" .. number .. "]", target)

  say("\nTake that descriptor out of it, and make it a Lua file:")
  local before = offset(program, number)
  local fd = check(p:getfd(number))
  show("fd = p:getfd(" .. number .. ")", fd)
  local file = check(fd:file("r"))
  show('file = fd:file("r")', file)

  local content = readall(file)
  check(save(content, copy) == program.told, "the copy is not the same")
  say("\nCopied to %s, for now: %d bytes, each as the program wrote it.",
    copy, #content)
  local after = offset(program, number)
  check(after == before, "the program's offset has moved")
  say("The program has not noticed: its offset was %d, and is %d.",
    before, after)
  return file
end

local function goon(program, file)
  tell(program, "one more entry")
  local content = readall(file)
  check(content == program.told, "the file in hand is not up to date")
  say("It goes on writing, and the file in hand has %d bytes now.", #content)
end

local function finish(program, p)
  say("\nWait for the end of the program, with the same pidfd:")
  local ended = p:poll(0)
  check(ended == false, "the program has ended too early")
  show("p:poll(0)", ended)
  program.input:close()
  ended = p:poll(10)
  check(ended, "the program has not ended")
  show("p:poll(10)", ended)
end

local function showall(program, copy)
  for n = 1, 1000 do
    tell(program, "entry " .. n)
  end
  say("A program is running. It has written 1000 lines to %s.", program.path)
  say("That file is deleted now. %s.", delete(program.path))

  say("\nHold the program by a pidfd, and see what it has open:")
  local p = check(pidfd.open(program.pid))
  show("p = pidfd.open(" .. program.pid .. ")", p)
  local file = rescue(program, p, copy)
  goon(program, file)
  file:close()
  finish(program, p)
  p:close()
end

local function demo(copy)
  local program = start()
  local ok, message = pcall(showall, program, copy)
  stop(program)
  check(ok, message)
end

if arg and arg[1] then
  local asked = arg[1] == "--help"
  local out = asked and io.stdout or io.stderr
  out:write(HELP)
  os.exit(asked and 0 or 2, true)
end
local copy = os.tmpname()
local ok, message = pcall(demo, copy)
os.remove(copy)
if not ok then
  io.stderr:write("demo: ", tostring(message), "\n")
  os.exit(1, true)
end
