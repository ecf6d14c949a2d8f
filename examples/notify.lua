-- Runs a service, and prints what it says of itself by sd_notify(3), as
-- systemd does for one with Type=notify and NotifyAccess=all:
--
--   lua5.4 notify.lua [-r TIMES] COMMAND [ARGUMENT...]
--
-- READY=1, STATUS=, MAINPID= and STOPPING=1 are printed. FDSTORE=1 stores the
-- descriptors that came with it, by the name of FDNAME=, and FDSTOREREMOVE=1
-- closes them. If the service fails, it is started again so many times (-r),
-- and finds what is stored as sd_listen_fds_with_names(3) tells.
--
-- A message counts only if the main process of the service has sent it, or a
-- descendant of that: the kernel tells the sender as a pidfd, and each step
-- from there to its ancestors is checked. Others are refused, on stderr. (Root
-- may name another process as the sender, as root's systemd-notify does.)
--
-- The exit status is the service's, or 128 and the number of the signal that
-- ended it; 125 if this program fails, 126 if the command cannot be executed,
-- 127 if it is not found. Needs LuaSocket, and Linux 6.9.
--
-- In a clone that is built, LUA_CPATH='build/5.4/?.so;;' finds the module.

local pidfd = require "pidfd"
local unpack = table.unpack or unpack -- of Lua 5.1

local FAILED = 125
local GRACE = 2 -- seconds for what is left of a service whose end was told
local MOST = 65536 -- bytes of a message
local STORE = 128 -- descriptors, at most
local USAGE = "usage: notify.lua [-r TIMES] COMMAND [ARGUMENT...]\n"

-- Its own pid, which the service wants to know, is known only in there.
local LAUNCH = [[
  export NOTIFY_SOCKET="$1"
  unset LISTEN_PID LISTEN_FDS LISTEN_FDNAMES
  if [ "$2" -gt 0 ]; then
    export LISTEN_PID="$$" LISTEN_FDS="$2" LISTEN_FDNAMES="$3"
  fi
  shift 3
  exec "$@"]]

local function check(result, ...)
  if not result then
    error((...), 0)
  end
  return result, ...
end

local function say(text, ...)
  print((text:format(...):gsub("%c", "?")))
end

local function refuse(text, ...)
  text = text:format(...):gsub("%c", "?")
  io.stderr:write("notify: refused: ", text, "\n")
end

-- False where the text is no integer.
local function tointeger(text)
  local number = tonumber(text or "")
  return number and number % 1 == 0 and number
end

-- Nil where that cannot be told, as of a process that is gone.
local function parentpid(p)
  local status = p:proc("status")
  return status and tointeger(status:match("\nPPid:%s*(%d+)"))
end

local function idof(p)
  local id = p:id()
  return id and ("%d"):format(id)
end

-- A number may be another process's by the time it is opened. If it is the
-- parent's still, the parent has lived all the while, and it is the parent.
local function parent(p)
  local pid = parentpid(p)
  local q = pid and pid > 0 and pidfd.open(pid)
  return q and parentpid(p) == pid and q
end

-- Is it the main process, the one that was started, or a descendant?
local function belongs(p, service)
  while p do
    if p == service.main or p == service.first then
      return true
    end
    p = parent(p)
  end
  return false
end

local function parse(text)
  local message = {}
  for name, value in text:gmatch("([%u%d_]+)=([^\n]*)") do
    message[name] = value
  end
  return message
end

-- The number is only a claim. What it names has to be of the service, and where
-- the message has the process's identity (systemd 257), it has to be that.
local function setmain(service, message)
  local pid = tointeger(message.MAINPID)
  local p = pid and 0 < pid and pid <= 0x7fffffff and pidfd.open(pid)
  local id = message.MAINPIDFDID
  if not p or not belongs(p, service) or id and idof(p) ~= id then
    return refuse("MAINPID=%s is not of the service", message.MAINPID)
  end
  service.main = p
  say("main process: %d", pid)
end

-- A name must not have what would end it in LISTEN_FDNAMES.
local function nameof(message)
  local name = message.FDNAME or ""
  return name:find("^[^%c:]+$") and #name < 256 and name or "stored"
end

local function store(service, message, fds)
  local name = nameof(message)
  while fds[1] do
    if #service.store >= STORE then
      return refuse("FDSTORE=1: %d are stored", STORE)
    end
    local fd = table.remove(fds, 1)
    table.insert(service.store, { name = name, fd = fd })
    say("stored %s: %s", name, pidfd.type(fd))
  end
end

local function unstore(service, message)
  local name = nameof(message)
  for i = #service.store, 1, -1 do
    if service.store[i].name == name then
      table.remove(service.store, i).fd:close()
      say("removed %s", name)
    end
  end
end

local function obey(service, message, fds)
  if message.MAINPID then
    setmain(service, message)
  end
  if message.STATUS then
    say("status: %s", message.STATUS)
  end
  if message.FDSTORE == "1" then
    store(service, message, fds)
  elseif message.FDSTOREREMOVE == "1" then
    unstore(service, message)
  end
  if message.READY == "1" then
    say("ready")
  end
  if message.STOPPING == "1" then
    say("stopping")
  end
end

-- To close what is not stored is also the answer to BARRIER=1: its sender waits
-- for that, and lives until then.
local function receive(service, socket)
  local text, extra = check(pidfd.receive(socket, MOST, 0))
  local sender = extra.sender
  if extra.truncated then
    refuse("a message of which a part was lost")
  elseif not sender then
    refuse("a message without a sender")
  elseif not belongs(sender, service) then
    refuse("a message of %s, which is not of the service",
      tostring(sender))
  else
    obey(service, parse(text), extra.fds)
  end
  for _, fd in ipairs(extra.fds) do
    fd:close()
  end
  if sender then
    sender:close()
  end
end

local function start(words, path, stored)
  local fds, names = {}, {}
  for i, entry in ipairs(stored) do
    fds[2 + i], names[i] = entry.fd, entry.name
  end
  local p = check(pidfd.spawn {
    "sh", "-c", LAUNCH, "sh", path, tostring(#names),
    table.concat(names, ":"), fds = fds, pdeathsig = "TERM",
    unpack(words),
  })
  return { first = p, main = p, store = stored }
end

-- All that was sent before the end counts, so the end comes last.
local function serve(service, socket)
  local ready, isover
  repeat
    ready = check(pidfd.poll({ service.main, socket }))
    isover = ready[1] == service.main
    if not isover or ready[2] then
      receive(service, socket)
    end
  until isover and not ready[2]
  local how, code = check(service.main:wait())
  if service.first ~= service.main then
    check(service.first:terminate(GRACE))
  end
  return how, code
end

local function status(how, code)
  if how == "exit" then
    return code
  elseif how == "signal" then
    return 128 + code
  end
  error("nobody tells how the service ended", 0)
end

local function run(words, times, path, socket)
  local stored = {}
  for i = 0, times do
    local service = start(words, path, stored)
    local ok, how, code = pcall(serve, service, socket)
    if not ok then
      service.main:terminate(GRACE)
      service.first:terminate(GRACE)
      error(how, 0)
    end
    say("ended: %s %s", how, tostring(code))
    code = status(how, code)
    if code == 0 or i == times then
      return code
    end
  end
end

-- LuaSocket makes the socket, and we wait for it as for a process.
local function listen(path)
  local server = require("socket.unix").dgram()
  check(server:bind(path))
  check(pidfd.passpidfd(server, true))
  local self = check(pidfd.self())
  local socket = check(self:getfd(server:getfd()))
  self:close()
  server:close()
  return socket
end

local function options()
  local first, times = 1, 0
  if arg[1] == "--help" then
    io.stdout:write(USAGE)
    os.exit(0, true)
  elseif arg[1] == "-r" then
    first, times = 3, tointeger(arg[2])
  end
  if not arg[first] or not times or times < 0 then
    io.stderr:write(USAGE)
    os.exit(2, true)
  end
  return { unpack(arg, first) }, times
end

local words, times = options()
io.stdout:setvbuf("line")
local path = os.tmpname()
os.remove(path)
local ok, result = pcall(listen, path)
if ok then
  ok, result = pcall(run, words, times, path, result)
end
os.remove(path)
if not ok then
  io.stderr:write("notify: ", tostring(result), "\n")
  result = FAILED
end
os.exit(result, true)
