-- Ways to run a program from Lua, and to have all that it writes. The clock is
-- luv's, Lua has none. See capture_run.lua.

local uv = require "luv"

local TRUE = "/bin/true"
local MEBI = 2 ^ 20

local function check(result)
  return result or error("it failed", 0)
end

local ways = {}

function ways.pidfd(words, input)
  local pidfd = require "pidfd"
  local options = { table.unpack(words) }
  options.input = input
  local result = check(pidfd.run(options))
  check(result.ok)
  return result.stdout
end

function ways.popen(words)
  local file = check(io.popen("exec " .. table.concat(words, " ")))
  local text = file:read("a")
  check(file:close())
  return text
end

local function reader(pipe, parts)
  pipe:read_start(function(_, data)
    if data then
      parts[#parts + 1] = data
    else
      pipe:close()
    end
  end)
end

function ways.luv(words, input)
  local stdin = input and uv.new_pipe(false) or nil
  local stdout, stderr = uv.new_pipe(false), uv.new_pipe(false)
  local handle, status
  handle = uv.spawn(words[1], {
    args = { table.unpack(words, 2) }, stdio = { stdin, stdout, stderr },
  }, function(code)
    status = code
    handle:close()
  end)
  local parts = {}
  reader(stdout, parts)
  reader(stderr, {})
  if input then
    stdin:write(input, function()
      stdin:close()
    end)
  end
  uv.run()
  check(status == 0)
  return table.concat(parts)
end

local measures = {}

-- Nanoseconds for one program that writes nothing.
measures["true"] = function(run, count)
  local function some(n)
    for _ = 1, n do
      run({ TRUE })
    end
  end
  some(math.floor(count / 10) + 1) -- warm up
  local start = uv.hrtime()
  some(count)
  return (uv.hrtime() - start) / count
end

-- Nanoseconds until so many MiB are here.
function measures.out(run, count)
  local size = count * MEBI
  local words = { "/usr/bin/head", "-c", ("%d"):format(size), "/dev/zero" }
  local start = uv.hrtime()
  check(#run(words) == size)
  return uv.hrtime() - start
end

-- Nanoseconds until so many MiB have gone and come back.
function measures.both(run, count)
  local input = ("x"):rep(count * MEBI)
  collectgarbage()
  local start = uv.hrtime()
  check(#run({ "/bin/cat" }, input) == #input)
  return uv.hrtime() - start
end

print(("%.0f"):format(measures[arg[2]](ways[arg[1]], tonumber(arg[3]))))
