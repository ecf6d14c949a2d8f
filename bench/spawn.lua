-- Ways to start a program from Lua and to wait for its end. The clock is
-- luv's, Lua has none. See spawn_run.lua.

local uv = require "luv"

local TRUE = "/bin/true"

local methods = {}

function methods.pidfd(count)
  local pidfd = require "pidfd"
  for _ = 1, count do
    local p = pidfd.spawn { TRUE }
    local how, code = p:wait()
    if how ~= "exit" or code ~= 0 then
      error("pidfd")
    end
    p:close()
  end
end

function methods.luv(count)
  for _ = 1, count do
    local handle, code
    handle = uv.spawn(TRUE, { stdio = { 0, 1, 2 } }, function(status)
      code = status
      handle:close()
    end)
    uv.run()
    if code ~= 0 then
      error("luv")
    end
  end
end

function methods.execute(count)
  for _ = 1, count do
    if not os.execute("exec " .. TRUE) then
      error("execute")
    end
  end
end

function methods.popen(count)
  for _ = 1, count do
    if not io.popen("exec " .. TRUE):close() then
      error("popen")
    end
  end
end

local run, count = methods[arg[1]], tonumber(arg[2])
local heap = ("x"):rep(tonumber(arg[3]) * 1048576)
run(math.floor(count / 10) + 1) -- warm up
local start = uv.hrtime()
run(count)
print((uv.hrtime() - start) / count)
assert(heap, "until here")
