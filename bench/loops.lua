-- What it costs when one process ends of the many that an event loop
-- watches, in nanoseconds of CPU time: the kill, and all until the loop has
-- told of the end. See run.lua.
--
--   lua5.4 loops.lua cqueues|luv WATCHED COUNT

local pidfd = require "pidfd"

-- Children of a shell, which reaps them. Returns the file that waits for the
-- shell when it is closed, too.
local function start(count)
  local command = "for i in $(seq %d); do sleep 60 >&- & echo $!; done; wait"
  local pipe = assert(io.popen(command:format(count)))
  local list = {}
  for i = 1, count do
    list[i] = assert(pidfd.open(pipe:read("n")))
  end
  return list, pipe
end

-- Add this process, which will not end, until there are 'n'.
local function fill(list, n)
  local pid = pidfd.self():pid()
  while #list < n do
    table.insert(list, assert(pidfd.open(pid)))
  end
end

-- For each loop: watch the pidfds of the list. Returns a function that runs
-- the loop until so many of them have ended.
local watch = {}

function watch.cqueues(list)
  local cqueues = require "cqueues"
  local loop, ended = cqueues.new(), 0
  for _, p in ipairs(list) do
    loop:wrap(function()
      cqueues.poll(p)
      cqueues.cancel(p)
      ended = ended + 1
    end)
  end
  loop:step(0)
  return function(n)
    while ended < n do
      assert(loop:step())
    end
  end
end

function watch.luv(list)
  local uv = require "luv"
  local ended = 0
  for _, p in ipairs(list) do
    local watcher = uv.new_poll(p:fileno())
    watcher:start("r", function()
      watcher:close()
      ended = ended + 1
    end)
  end
  uv.run("nowait")
  return function(n)
    while ended < n do
      uv.run("once")
    end
  end
end

local name, watched, count = arg[1], tonumber(arg[2]), tonumber(arg[3])
local list, pipe = start(count)
fill(list, watched)
local run_until = watch[name](list)
local before = os.clock()
for n = 1, count do
  list[n]:send_signal("KILL")
  run_until(n)
end
print((os.clock() - before) / count * 1e9)
pipe:close()
