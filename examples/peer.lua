-- Who is it that talks to me? A server on a unix socket that knows each
-- client as a process, and greets it by its name:
--
--   lua5.4 peer.lua PATH
--
-- A number could be another process's a moment later. The socket tells the
-- client's pidfd: what is read through it is the client's own, or nothing.
-- Needs LuaSocket, and Linux 6.5.
--
-- In a clone that is built, LUA_CPATH='build/5.4/?.so;;' finds the module.

local pidfd = require "pidfd"
require "socket" -- lets us survive a client that is gone before our answer
local unix = require "socket.unix"

local function check(result, message)
  if not result then
    error(message, 0)
  end
  return result
end

-- Lines of /proc/PID/status: name, number, and real and effective user.
local STATUS = "^Name:\t([^\n]*)\n.*\nPid:%s*(%d+)\n.*\nUid:%s*%d+%s+(%d+)"

-- A process chooses its name itself: it may be anything. Returns nil and the
-- reason where the process cannot be known.
local function describe(client)
  local p, unknown = pidfd.peer(client)
  if not p then
    return nil, unknown
  end
  local status, hidden = p:proc("status")
  p:close()
  if not status then
    return nil, hidden
  end
  local name, pid, user = status:match(STATUS)
  return ("process %s, %s, of user %s"):format(
    pid, name:gsub("%c", "?"), user)
end

local function greet(client)
  local who, why = describe(client)
  client:send(who and ("Hello, %s.\n"):format(who)
    or ("Who are you? %s\n"):format(why))
  client:close()
  print(who or why)
end

-- The socket of a server that was killed: nobody listens there any more.
local function isstale(path)
  local probe = check(unix.stream())
  local connected, message = probe:connect(path)
  probe:close()
  if connected or message ~= "connection refused" then
    return false
  end
  local test = check(pidfd.spawn { "test", "-S", path }) -- no other file
  local _, status = test:wait()
  return status == 0
end

local function listen(path)
  if isstale(path) then
    os.remove(path)
  end
  local server = check(unix.stream())
  check(server:bind(path))
  check(server:listen())
  return server
end

-- Comes back every second: that is when Lua notices Ctrl-C.
local function serve(server)
  print("listening on " .. server:getsockname())
  server:settimeout(1)
  while true do
    local client = server:accept()
    if client then
      greet(client)
    end
  end
end

local function fail(message)
  io.stderr:write("peer: ", message, "\n")
  os.exit(1, true)
end

local path = arg[1]
if not path or arg[2] or arg[1] == "--help" then
  local asked = arg[1] == "--help"
  local output = asked and io.stdout or io.stderr
  output:write("usage: peer.lua PATH\n")
  os.exit(asked and 0 or 2, true)
end
io.stdout:setvbuf("line")
local ok, server = pcall(listen, path)
if not ok then
  fail(server)
end
local _, ending = pcall(serve, server)
os.remove(path)
if not ending:find("interrupted!", 1, true) then
  fail(ending)
end
