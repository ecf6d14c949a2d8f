-- A file has been deleted or replaced, but a program still has it open: a
-- log, a database, a recording. As long as the program runs, the data is
-- there, and this copies it:
--
--   lua5.4 rescue.lua PID FD > FILE
--
-- FD is the descriptor's number in that process, as "ls -l /proc/PID/fd"
-- shows it. The program does not notice.
--
-- In a clone that is built, LUA_CPATH='build/5.4/?.so;;' finds the module.

local pidfd = require "pidfd"

local CHUNK = 1048576

local function fail(text, ...)
  error(text:format(...), 0)
end

local function check(result, message, errno)
  if not result then
    fail(errno == pidfd.errno.EBADF
      and "%s: the process has no such descriptor" or "%s", message)
  end
  return result
end

-- A pipe, a socket or a terminal gives each byte only once. Lua cannot ask
-- what a descriptor is; the shell can, and this process is its parent.
local function isregular(fd)
  local done = os.execute("test -f /proc/$PPID/fd/" .. fd:fileno())
  return done == true or done == 0 -- Lua 5.1 returns a status
end

local function describe(fd)
  local self = check(pidfd.self())
  local list = check(self:fds())
  self:close()
  return list[fd:fileno()]
end

-- The duplicate shares its offset with the program. So it only leads to the
-- file, and is opened once more, with an offset of our own.
local function reopen(fd)
  return check(io.open("/proc/self/fd/" .. fd:fileno(), "rb"))
end

local function open(pid, number)
  local p = check(pidfd.open(pid))
  local fd = check(p:getfd(number))
  p:close()
  if not isregular(fd) then
    fail("%s is not a regular file: reading it could take data away from "
      .. "the program", describe(fd))
  end
  local file = reopen(fd)
  fd:close()
  return file
end

local function checkwrite(done, message)
  if not done then
    fail("cannot write: %s", message)
  end
end

local function copy(from, to)
  local chunk = from:read(CHUNK)
  while chunk do
    checkwrite(to:write(chunk))
    chunk = from:read(CHUNK)
  end
  checkwrite(to:flush())
end

local function rescue(pid, number)
  local file = open(pid, number)
  copy(file, io.stdout)
  file:close()
end

local function parse(text, least)
  local n = tonumber(text or "")
  return n and n % 1 == 0 and least <= n and n <= 0x7fffffff and n
end

local pid, number = parse(arg[1], 1), parse(arg[2], 0)
if not (pid and number) or arg[3] then
  local asked = arg[1] == "--help"
  local output = asked and io.stdout or io.stderr
  output:write("usage: rescue.lua PID FD > FILE\n")
  os.exit(asked and 0 or 2, true)
end
local ok, message = pcall(rescue, pid, number)
if not ok then
  io.stderr:write("rescue: ", message, "\n")
  os.exit(1, true)
end
