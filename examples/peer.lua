-- Who is it that talks to me? A server on a unix socket that knows each
-- client as a process, and greets it by its name:
--
--   lua5.4 peer.lua PATH
--
-- A number could be another process's a moment later. The socket tells the
-- client's pidfd: what is read through it is the client's own, or nothing.
-- Needs LuaSocket, and Linux 6.5.

local pidfd = require "pidfd"
require "socket" -- lets us survive a client that is gone before our answer
local unix = require "socket.unix"

local function check(result, message)
  if not result then
    error(message, 0)
  end
  return result
end

-- A process chooses its name itself: it may be anything.
local function name_of(p)
  return (check(p:proc("comm")):sub(1, -2):gsub("%c", "?"))
end

local function user_of(p)
  return check(p:proc("status")):match("\nUid:%s*%d+%s+(%d+)")
end

local function describe(client)
  local p <close> = check(pidfd.peer(client))
  return ("process %d, %s, of user %s"):format(
    check(p:pid()), name_of(p), user_of(p))
end

local function greet(client)
  local known, who = pcall(describe, client)
  client:send((known and "Hello, %s.\n" or "Who are you? %s\n"):format(who))
  client:close()
  print(who)
end

local function listen(path)
  local server = check(unix.stream())
  check(server:bind(path))
  check(server:listen())
  return server
end

-- Comes back every second: that is when Lua notices Ctrl-C.
local function serve(server, path)
  print("listening on " .. path)
  server:settimeout(1)
  while true do
    local client = server:accept()
    if client then
      greet(client)
    end
  end
end

local path = arg[1]
if not path or arg[2] then
  io.stderr:write("usage: peer.lua PATH\n")
  os.exit(2, true)
end
io.stdout:setvbuf("line")
local ok, server = pcall(listen, path)
if not ok then
  io.stderr:write("peer: ", server, "\n")
  os.exit(1, true)
end
pcall(serve, server, path)
os.remove(path)
