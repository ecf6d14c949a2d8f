-- What 10,000 children in a row leave behind. Prints one number a line: what
-- they add to the number of descriptors; how many children are left; what
-- they add to the bytes of Lua memory in use, and to the resident KiB. See
-- spawn_run.lua.

local pidfd = require "pidfd"

local self = pidfd.self()

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

local function descriptors()
  local n = 0
  for _ in pairs(self:fds()) do
    n = n + 1
  end
  return n
end

local function children()
  local path = ("/proc/self/task/%d/children"):format(self:pid())
  return select(2, read(path):gsub("%d+", ""))
end

local function lua_bytes()
  collectgarbage()
  collectgarbage() -- frees what the first one finalized
  return math.floor(collectgarbage("count") * 1024)
end

local function resident_kib()
  return tonumber(read("/proc/self/smaps_rollup"):match("Rss:%s*(%d+)"))
end

-- Every other one has pipes, which are left to the collector, as it is.
local function spawn(n)
  for i = 1, n do
    local stdout = i % 2 == 0 and "pipe" or "null"
    local p = assert(pidfd.spawn { "/bin/true", stdout = stdout })
    assert(p:wait() == "exit")
  end
end

-- Resident memory is read before a collection can hide what there was.
local function after(n)
  spawn(n)
  local resident = resident_kib()
  local bytes = lua_bytes()
  return descriptors(), children(), bytes, resident
end

local fds, _, bytes, resident = after(1000)
local fds_now, children_now, bytes_now, resident_now = after(10000)
print(fds_now - fds)
print(children_now)
print(bytes_now - bytes)
print(resident_now - resident)
