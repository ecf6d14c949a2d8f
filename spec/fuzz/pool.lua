-- The objects that a round calls, in every state that there is.

-- luacheck: read globals host

local pidfd = require "pidfd"

local random = host.random

local PIDFDS, FDS, CHILDREN = 40, 16, 24

local pool = { module = pidfd }

local me = assert(pidfd.self())
local it = assert(me:getfd(me:fileno()))
pool.pidfd_metatable = debug.getmetatable(me)
pool.fd_metatable = debug.getmetatable(it)

local pidfds, fds = {}, {}
local numbers, ever = {}, {} -- that release() gave away: now, and ever
local pids = {} -- of children that somebody has got

function pool.put(object)
  local metatable = debug.getmetatable(object)
  if metatable == pool.pidfd_metatable then
    pidfds[random(PIDFDS)] = object
  elseif metatable == pool.fd_metatable then
    fds[random(FDS)] = object
  end
end

function pool.pidfd()
  return pidfds[random(PIDFDS)]
end

function pool.fd()
  return fds[random(FDS)]
end

function pool.released(number)
  numbers[#numbers + 1] = number
  ever[number] = true
end

-- A number that nobody owns, if there is one; or now and then one that
-- somebody does.
function pool.orphan()
  if #numbers == 0 then
    return random(0x100000) + 1023
  elseif random(50) == 1 then
    return numbers[#numbers]
  end
  return table.remove(numbers)
end

-- The number of the process, as long as it has one; never fails.
function pool.number(p)
  local ok, pid = pcall(pool.pidfd_metatable.__index.pid, p)
  return ok and pid or nil
end

function pool.started(p, pipes)
  local pid = pool.number(p)
  host.spawned(1)
  if pid then
    pids[pid] = true
  end
  for _, fd in pairs(type(pipes) == "table" and pipes or {}) do
    pool.put(fd)
  end
end

function pool.mayspawn()
  local children = 0
  for _ in pairs(pids) do
    children = children + 1
  end
  return host.spawns and children < CHILDREN
end

local function has_unknown()
  local file = io.open(("/proc/self/task/%d/children"):format(host.pid))
  local text = file and file:read("a") or ""
  if file then
    file:close()
  end
  for pid in text:gmatch("%d+") do
    if not pids[tonumber(pid)] then
      return true
    end
  end
end

-- What the module has killed, and was not over in time, it reaps when it looks
-- for the end of any process: so that is nobody's fault. It looks once in any
-- case: the kernel reaps who is over by itself where SIGCHLD is ignored, and
-- the module has the pidfd still.
local function reap_killed()
  local first = pidfd.open(1)
  local limit = os.time() + 30
  while first do
    first:wait(0.001)
    if not has_unknown() or os.time() >= limit then
      first:close()
      return
    end
  end
end

local function sweep()
  reap_killed()
  local lost, last = host.sweep(pids)
  if lost > 0 then
    error(("%d children are left that no call has returned; the last one is %s")
      :format(lost, last), 0)
  end
end

local function child(...)
  local p = pidfd.spawn { stdin = "null", stdout = "null", ... }
  if p then
    pool.started(p)
    pool.put(p)
  end
  return p
end

-- A finalizer may have closed the object: then there is no result.
local function try(object, name, ...)
  local ok, result = pcall(object[name], object, ...)
  return ok and result
end

local function add_children()
  child("sleep", "60")
  local p = child("sleep", "60")
  if p then
    try(p, "send_signal", "KILL")
    try(p, "poll", 10)
  end
  p = child("true")
  local other = p and try(p, "dup")
  if other then
    try(other, "wait")
  end
end

local function add_strangers()
  pool.put(pidfd.self())
  pool.put(pidfd.self(pidfd.flags.THREAD) or me)
  pool.put(pidfd.open(1) or me)
  pool.put(me:getfd(random(3) - 1) or it)
  local number = host.foreign()
  if number then
    pool.put(assert(pidfd.adopt(number)))
  end
end

-- New objects for those that the calls have used up, and an end to children.
function pool.tend()
  host.limit(nil)
  add_strangers()
  if host.spawns and random(4) == 1 then
    sweep()
    add_children()
  end
end

function pool.finish()
  host.limit(nil)
  collectgarbage("incremental", 200, 100, 13)
  pidfds, fds, me, it = {}, {}, nil, nil
  collectgarbage()
  collectgarbage()
  for number in pairs(ever) do
    host.closefd(number)
  end
  host.closesockets()
  sweep()
end

for _ = 1, 4 do
  pool.tend()
end

return pool
