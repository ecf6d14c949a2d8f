-- Many processes for few descriptors: a few shells, which are children of
-- the spec's, and for the rest their background jobs, which are not.

local ensure = require "spec.support.ensure"
local pidfd = require "pidfd"
local read = require "spec.support.read"

local fleet = {}

local SHELLS = 8
local FIRST_STATUS = 200 -- of the first shell; its jobs' are less

-- What a shell does that has $1 jobs. It and each job end when they have read
-- a line, or when the spec is gone; the shell waits for its jobs before. It
-- does not matter who reads which line: readers cannot divide a single byte.
-- A job is forked, and executes nothing, so it takes microseconds to start.
local SHELL = [[
exec 3<&0
echo $$ $2
i=0
while [ $i -lt $1 ]; do
  (read -r _; exit $((i % 100))) <&3 &
  echo $! $((i % 100))
  i=$((i + 1))
done
read -r _
wait
exit $2
]]

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

-- Start 'n' processes, each of which writes "PID STATUS" into the FIFO.
-- Returns the files whose other ends the shells read.
local function start(n, fifo)
  local files = {}
  for i = 1, SHELLS do
    local jobs = math.floor((n - i) / SHELLS)
    local status = FIRST_STATUS + i - 1
    local head = ("set -- %d %d; exec >%s\n"):format(jobs, status, fifo)
    files[i] = assert(io.popen(head .. SHELL, "w"))
  end
  return files
end

local function get_to_know(n, fifo, files)
  local members = {}
  local input = assert(io.open(fifo))
  for i = 1, n do
    local pid, status = input:read("n", "n")
    members[i] = {
      pid = pid,
      p = assert(pidfd.open(pid)),
      ending = "exit " .. status,
      file = files[status - FIRST_STATUS + 1],
    }
  end
  input:close()
  return members
end

-- A line for everyone, and plenty: some may have been ended otherwise.
local function releasing(file, n)
  return function()
    file:write(("\n"):rep(2 * n))
    file:flush()
  end
end

-- Call 'use' with a list of 'n' processes, and a list of functions each of
-- which lets a part of them end. A process has its pid, p (a pidfd), ending
-- ("exit 42"), and, if it is a shell, the file that reaps it when closed.
function fleet.with(n, use)
  local fifo = os.tmpname()
  assert(os.execute(("rm %s && mkfifo %s"):format(fifo, fifo)))
  local files = start(n, fifo)
  local members = get_to_know(n, fifo, files)
  os.remove(fifo)
  local releases = {}
  for i, file in ipairs(files) do
    releases[i] = releasing(file, n)
  end
  ensure(use, function()
    for _, file in ipairs(files) do
      if io.type(file) == "file" then
        file:close()
      end
    end
  end, members, releases)
end

return fleet
