-- Runs a command inside of another process's namespaces, as nsenter(1) does:
--
--   lua5.4 enter.lua PID KIND... -- COMMAND [ARGUMENT...]
--   lua5.4 enter.lua 4242 net uts -- ip address
--
-- KIND is "cgroup", "ipc", "mnt", "net", "pid", "time", "user" or "uts". It
-- enters all of them or none, and ends as the command does, with 128 and the
-- signal's number if a signal killed it.
--
-- In a clone that is built, LUA_CPATH='build/5.4/?.so;;' finds the module.

local pidfd = require "pidfd"
local unpack = table.unpack or unpack -- of Lua 5.1

-- How it ends by itself, as a shell does.
local FAILED, MISUSED, CANNOT_RUN, NOT_FOUND = 1, 2, 126, 127

local KINDS = {
  cgroup = true, ipc = true, mnt = true, net = true, pid = true, time = true,
  user = true, uts = true,
}

local function fail(status, message)
  io.stderr:write("enter: ", message, "\n")
  os.exit(status)
end

local function enter(pid, kinds)
  local p, message = pidfd.open(pid)
  if not p then
    fail(FAILED, message)
  end
  local ok, refusal = p:setns(unpack(kinds))
  p:close()
  if not ok then
    fail(FAILED, refusal)
  end
end

-- Who enters a user namespace is nobody there, but may become its root.
local function start(command, kinds)
  for _, kind in ipairs(kinds) do
    if kind == "user" then
      command.uid, command.gid = 0, 0
    end
  end
  command.pdeathsig = "KILL"
  local p, message, errno = pidfd.spawn(command)
  if not p then
    fail(errno == pidfd.errno.ENOENT and NOT_FOUND or CANNOT_RUN, message)
  end
  return p
end

-- Ctrl-C, which raises an error here, is for the command to act upon.
local function wait(p)
  local ok, how, code
  repeat
    ok, how, code = pcall(p.wait, p)
  until ok
  if how == "signal" then
    return 128 + code
  elseif how == "exit" then
    return code
  end
  fail(FAILED, "nobody tells how it ended")
end

-- The pid, the kinds, and the command; nil if the words are other ones.
local function parse(words)
  local pid = tonumber(words[1] or "")
  local kinds, command = {}, {}
  local at = 2
  while words[at] and words[at] ~= "--" do
    table.insert(kinds, words[at])
    at = at + 1
  end
  for i = at + 1, #words do
    table.insert(command, words[i])
  end
  local ispid = pid and pid % 1 == 0 and 0 < pid and pid <= 0x7fffffff
  if ispid and kinds[1] and command[1] then
    return pid, kinds, command
  end
end

local function main()
  local pid, kinds, command = parse(arg)
  if not pid then
    local asked = arg[1] == "--help"
    local out = asked and io.stdout or io.stderr
    out:write("usage: enter.lua PID KIND... -- COMMAND [ARGUMENT...]\n")
    os.exit(asked and 0 or MISUSED)
  end
  for _, kind in ipairs(kinds) do
    if not KINDS[kind] then
      fail(MISUSED, ("there are no namespaces '%s'"):format(kind))
    end
  end
  enter(pid, kinds)
  os.exit(wait(start(command, kinds)))
end

-- In a coroutine, Ctrl-C interrupts nothing but the calls that wait. (In LuaJIT
-- it interrupts the program, too, if it comes while that does not wait.)
coroutine.wrap(main)()
