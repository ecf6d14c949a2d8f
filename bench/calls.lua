-- The module's calls, as a program makes them: each result is looked at,
-- and nothing is done about the collector. See run.lua. In the syntax of
-- every Lua; FLOOR in the environment has floor.c measured instead.

local pidfd = require(os.getenv("FLOOR") and "floor" or "pidfd")

local bench = arg[0]:match("^.*/") or "./"
local build = os.getenv("BUILD") or bench .. "../build"
local STDOUT = 1
local MANY = 10000

local function own_pid()
  local p = pidfd.self()
  local pid = p:pid()
  p:close() -- opening is twice as fast while another pidfd is open
  return pid
end

local measures = {}

function measures.open(count)
  local open, pid = pidfd.open, own_pid()
  for _ = 1, count do
    local p = open(pid)
    if not p:close() then
      error("close")
    end
  end
end

function measures.getfd(count)
  local p = pidfd.self()
  for _ = 1, count do
    local fd = p:getfd(STDOUT)
    if not fd:close() then
      error("close")
    end
  end
end

function measures.send_signal(count)
  local p = pidfd.self()
  for _ = 1, count do
    if not p:send_signal(0) then
      error("send_signal")
    end
  end
end

function measures.poll(count)
  local p = pidfd.self()
  for _ = 1, count do
    if p:poll(0) ~= false then
      error("poll")
    end
  end
end

local many

local function open_many()
  local list, pid = {}, own_pid()
  for i = 1, MANY do
    list[i] = assert(pidfd.open(pid))
  end
  return list
end

function measures.poll_many(count)
  many = many or open_many() -- while it warms up
  for _ = 1, count do
    if #pidfd.poll(many, 0) ~= 0 then
      error("poll")
    end
  end
end

-- How long it takes from the end of a child to the end of the wait for it.
local function latency(clock)
  local child = assert(io.popen("exec " .. build .. "/bench/raw end"))
  local p = pidfd.open(tonumber(child:read("*l")))
  if p:wait() ~= "exit" then
    error("wait")
  end
  local now = clock()
  local before = tonumber(child:read("*l"))
  child:close()
  p:close()
  return now - before
end

function measures.wait(count)
  local clock = require("luv").hrtime
  local times = {}
  for i = 1, count do
    times[i] = latency(clock)
  end
  table.sort(times)
  return times[math.floor(#times / 2) + 1]
end

if os.getenv("FLOOR") then
  measures.poll_many, measures.wait = nil, nil
end
local jit = rawget(_G, "jit")
dofile(bench .. "measure.lua")(jit and jit.version or _VERSION, measures)
