-- How much memory a pidfd takes, and what a million of them leave behind, with
-- the collector in the mode that is named as argument. Prints one number a
-- line: the bytes of Lua memory per pidfd; then what a million of open and
-- close add to the number of descriptors, to the bytes of Lua memory in
-- use, to its peak in KiB, and to the resident KiB. See run.lua. FLOOR in the
-- environment has floor.c measured instead.

local pidfd = require(os.getenv("FLOOR") and "floor" or "pidfd")

collectgarbage(arg[1])

local me = pidfd.self()
local pid = me:pid()

local function lua_bytes()
  collectgarbage()
  collectgarbage() -- frees what the first one finalized
  return math.floor(collectgarbage("count") * 1024)
end

local function descriptors()
  local list = assert(io.popen("exec ls /proc/" .. pid .. "/fd | wc -l"))
  local n = list:read("*n")
  list:close()
  return n
end

-- VmRSS of /proc/self/status would be an estimate.
local function resident_kib()
  local file = assert(io.open("/proc/self/smaps_rollup"))
  local text = file:read("*a")
  file:close()
  return tonumber(text:match("Rss:%s*(%d+)"))
end

local function weight(n)
  local kept = {}
  for i = 1, n do
    kept[i] = false
  end
  local before = lua_bytes()
  for i = 1, n do
    kept[i] = assert(pidfd.open(pid))
  end
  local each = (lua_bytes() - before) / n
  for i = 1, n do
    kept[i]:close()
  end
  return each
end

-- Returns the peak of Lua memory in KiB.
local function cycles(n)
  local peak = 0
  for _ = 1, n / 100 do
    for _ = 1, 100 do
      pidfd.open(pid):close()
    end
    peak = math.max(peak, collectgarbage("count"))
  end
  return peak
end

-- How much there is after 'n' cycles, in the order of the printed lines.
-- Resident memory is read before a collection can hide what there was.
local function after(n)
  local peak = cycles(n)
  local resident = resident_kib()
  return descriptors(), lua_bytes(), peak, resident
end

print(weight(200))
local fds, bytes, peak, resident = after(100000)
local fds_now, bytes_now, peak_now, resident_now = after(1000000)
print(fds_now - fds)
print(bytes_now - bytes)
print(peak_now - peak)
print(resident_now - resident)
