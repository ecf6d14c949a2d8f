-- Takes over from a running server without refusing a single connection, and
-- without the server's help: takes its listening socket out of it, asks it
-- to end gracefully, and answers in its place.
--
--   lua5.4 takeover.lua PID PORT [MESSAGE]
--
-- PID is the process that listens on PORT, and that a SIGQUIT ends gracefully:
-- the master process of nginx, for one. From then on, MESSAGE is the answer to
-- whatever is asked over HTTP, until Ctrl-C. Needs LuaSocket.
--
-- In a clone that is built, LUA_CPATH='build/5.4/?.so;;' finds the module.

local pidfd = require "pidfd"
local socket = require "socket"

-- A line of /proc/PID/net/tcp: number, address:PORT, peer, STATE, queues,
-- timers, retries, user, timeout, INODE.
local SOCKET = "^%s*%d+: %x+:(%x+) %x+:%x+ (%x+)"
  .. ("%s+%S+"):rep(5) .. "%s+(%d+)"
local LISTEN = "0A"

local BACKLOG = 511 -- as in nginx
local PATIENCE = 1 -- seconds that a client has to send its request

local function say(text, ...)
  print(text:format(...))
end

local function check(result, message)
  return result or error(message, 0)
end

-- Below its head, such a table has the sockets that listen first; of the
-- others there may be very many.
local function addlistening(inodes, tcp, port)
  for line in tcp:gmatch("\n([^\n]+)") do
    local hexport, state, inode = line:match(SOCKET)
    if state ~= LISTEN then
      return
    elseif tonumber(hexport, 16) == port then
      inodes[inode] = true
    end
  end
end

-- The inodes of the sockets that listen on the port, as the process sees it.
local function listening(p, port)
  local inodes = {}
  addlistening(inodes, check(p:proc("net/tcp")), port)
  addlistening(inodes, p:proc("net/tcp6") or "", port) -- if there is IPv6
  return inodes
end

-- LuaSocket wants the socket not to block, which holds for both processes,
-- and makes a server of it when it listens once more.
local function adopt(fd)
  check(fd:nonblock(true))
  local server = socket.tcp()
  server:setfd(fd:release())
  check(server:listen(BACKLOG))
  server:settimeout(0)
  return server
end

-- One process may listen at several addresses: they are all taken.
local function take(p, inodes)
  local servers = {}
  for number, target in pairs(check(p:fds())) do
    local inode = target:match("^socket:%[(%d+)%]$")
    if inodes[inode] then
      say("descriptor %d is %s: taken", number, target)
      table.insert(servers, adopt(check(p:getfd(number))))
      inodes[inode] = nil
    end
  end
  return servers
end

-- The loop: an object, and what to do when it becomes readable. LuaSocket
-- takes a pidfd like a socket of its own.
local handlers = {}

local function objects()
  local list = {}
  for object in pairs(handlers) do
    table.insert(list, object)
  end
  return list
end

-- Comes back every second: that is when Lua notices Ctrl-C.
local function loop()
  while true do
    for _, object in ipairs((socket.select(objects(), nil, 1))) do
      handlers[object](object)
    end
  end
end

local function ended(p)
  say("%s has ended", tostring(p))
  handlers[p] = nil
  p:close()
end

local function receiverequest(client)
  local line
  repeat
    line = client:receive()
  until not line or line == ""
  return line
end

local function answerwith(message)
  local response = table.concat({
    "HTTP/1.0 200 OK",
    "Content-Type: text/plain",
    "Content-Length: " .. #message,
    "",
    message,
  }, "\r\n")
  return function(client)
    if receiverequest(client) then
      client:send(response)
    end
    handlers[client] = nil
    client:close()
  end
end

-- There may be nothing to accept: the old server is quick, too.
local function acceptfor(answer)
  return function(server)
    local client = server:accept()
    if client then
      client:settimeout(PATIENCE, "t")
      handlers[client] = answer
    end
  end
end

local function takeover(pid, port, message)
  local p = check(pidfd.open(pid))
  local servers = take(p, listening(p, port))
  check(servers[1], ("%s does not listen on port %d"):format(tostring(p), port))
  local accept = acceptfor(answerwith(message))
  for _, server in ipairs(servers) do
    handlers[server] = accept
  end
  check(p:send_signal("QUIT"))
  handlers[p] = ended
  loop()
end

local function parse(text, most)
  local n = tonumber(text or "")
  return n and n % 1 == 0 and 1 <= n and n <= most and n
end

local pid, port = parse(arg[1], 0x7fffffff), parse(arg[2], 65535)
if not (pid and port) then
  local asked = arg[1] == "--help"
  local output = asked and io.stdout or io.stderr
  output:write("usage: takeover.lua PID PORT [MESSAGE]\n")
  os.exit(asked and 0 or 2, true)
end
io.stdout:setvbuf("line")
local ok, message = pcall(takeover, pid, port, arg[3] or "back soon\n")
if not ok then
  io.stderr:write("takeover: ", tostring(message), "\n")
  os.exit(1, true)
end
