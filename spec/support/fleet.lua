-- Many children, which end when they are let.

local directory = require "spec.support.directory"
local ensure = require "spec.support.ensure"
local pidfd = require "pidfd"
local read = require "spec.support.read"

local fleet = {}

local PARTS = 8

local function number(path, pattern)
  return tonumber(read(path):match(pattern)) or math.huge
end

-- How large a fleet can be: 1,000 processes, or what the limits of this one
-- allow, with so many descriptors to spare, and one per 2 MiB.
function fleet.size(spare)
  local limits = "/proc/self/limits"
  return math.min(1000,
    number(limits, "Max open files%s+(%d+)") - spare,
    math.floor(number(limits, "Max processes%s+(%d+)") / 2),
    math.floor(number("/proc/meminfo", "MemTotal:%s+(%d+)") / 2048))
end

-- One that ends when it has read a line. It does not matter who reads which:
-- readers cannot divide a single byte.
local function start(status, gate)
  local p = assert(pidfd.spawn {
    "sh", "-c", "read -r _; exit " .. status, stdin = gate, pdeathsig = "KILL",
  })
  return { p = p, pid = p:pid(), ending = "exit " .. status }
end

local function launch(n, gate)
  local members = {}
  for i = 1, n do
    members[i] = start(i % 100, gate)
  end
  return members
end

-- Lets a part end. The last part lets all end: children that a signal ends
-- meanwhile may have read lines that were for others.
local function releases(n, gate)
  local list = {}
  for i = 1, PARTS do
    list[i] = function()
      gate:write(("\n"):rep(i < PARTS and math.floor(n / PARTS) or n))
      gate:flush()
    end
  end
  return list
end

local function dismiss(members)
  for _, member in ipairs(members) do
    if pidfd.type(member.p) == "pidfd" then
      member.p:terminate(0)
      member.p:close()
    end
  end
end

-- Call 'use' with a list of 'n' children, and a list of functions which let
-- them end, part by part. Each has its pid, p (a pidfd) and ending ("exit 42").
function fleet.with(n, use)
  directory.with(function(where)
    local fifo = where .. "/gate"
    assert(pidfd.spawn { "mkfifo", fifo }):wait()
    local gate = assert(io.open(fifo, "r+"))
    local members = launch(n, gate)
    ensure(use, function()
      dismiss(members)
      gate:close()
    end, members, releases(n, gate))
  end)
end

return fleet
