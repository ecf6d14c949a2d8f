-- The module's calls, as a program makes them: each result is looked at,
-- and nothing is done about the collector. See run.lua.

local pidfd = require "pidfd"

local STDOUT = 1

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

dofile(arg[0]:match("^.*/") .. "measure.lua")(_VERSION, measures)
