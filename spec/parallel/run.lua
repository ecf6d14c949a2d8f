-- What each of the states of main.c does until the time is over: every call of
-- the module, on objects and children of its own, beside those of io.popen and
-- of luv. No other state or library may take away or change anything.

-- luacheck: read globals host

require "spec.support.compat"
local pidfd = require "pidfd"
local has_luv, uv = pcall(require, "luv")

local rounds = 0

local function quiet(options)
  options.stdin = options.stdin or "null"
  options.stdout = options.stdout or "null"
  return options
end

local function ends()
  local code = rounds % 100
  local p = assert(pidfd.spawn(quiet { "sh", "-c", "exit " .. code }))
  local how, told = assert(p:wait(60))
  assert(how == "exit" and told == code, "the end of another child")
  p:close()
end

local function is_terminated()
  local p = assert(pidfd.spawn(quiet { "sleep", "60", pgroup = 0 }))
  assert(not p:poll(0))
  local how, code = assert(p:terminate(rounds % 2 == 0 and 60 or 0))
  assert(how == "signal" and (code == 15 or code == 9))
  p:close()
end

local function is_polled()
  local list = {}
  for i = 1, 3 do
    list[i] = assert(pidfd.spawn(quiet { "true" }))
  end
  while #list > 0 do
    for _, p in ipairs(assert(pidfd.poll(list, 60))) do
      assert(p:waitid(pidfd.flags.WEXITED) == "exit")
      for i = #list, 1, -1 do
        if rawequal(list[i], p) then
          table.remove(list, i):close()
        end
      end
    end
  end
end

local function streams()
  local text = "thread " .. host.thread .. ", round " .. rounds .. "\n"
  local options = { "cat", stdin = "pipe", stdout = "pipe" }
  local p, pipes = assert(pidfd.spawn(options))
  local input, output = pipes.stdin:file("w"), pipes.stdout:file()
  input:write(text)
  input:close()
  assert(output:read("a") == text, "the output of another child")
  output:close()
  assert(p:wait(60))
end

local function fails_to_start()
  local p, message, code = pidfd.spawn(quiet { "/nowhere" })
  assert(not p and message and code == pidfd.errno.ENOENT)
end

local function looks_at_itself()
  local p = assert(pidfd.self())
  assert(p:pid())
  assert(p == assert(p:dup()))
  assert(p:fds())
  assert(p:proc("stat"))
  assert(p:send_signal(0))
  assert(tostring(p) and pidfd.type(p))
  local text = p:token()
  assert(not text or pidfd.from_token(text))
  local fd = assert(p:getfd(p:fileno()))
  assert(pidfd.adopt(fd:release()))
  for _, name in ipairs { "info", "id", "mrelease" } do
    p[name](p)
  end
  p:namespace("pid")
  p:madvise("COLD", {})
  pidfd.peer(0)
  pidfd.send(0, "x", { p })
  pidfd.receive(0, 1, 0)
  pidfd.supports(rounds % 2 == 0 and "getfd" or "waitid")
end

local function forks()
  local p = assert(pidfd.spawn(quiet { "sleep", "60" }))
  local status = host.fork(function()
    assert(p:poll(0) == false)
    assert(p:pid())
    p:close()
    collectgarbage()
  end)
  assert(status == 0, "the fork failed")
  assert(p:terminate(60))
end

local function has_others_children()
  local file = assert(io.popen("exit 3"))
  local _, how, code = file:close()
  assert(how == "exit" and code == 3, "io.popen's child was taken")
  if has_luv then
    local told
    assert(uv.spawn("sh", { args = { "-c", "exit 4" } }, function(status)
      told = status
    end))
    uv.run()
    assert(told == 4, "luv's child was taken")
  end
end

local acts = {
  ends, is_terminated, is_polled, streams, fails_to_start, looks_at_itself,
  forks, has_others_children,
}

local deadline = os.time() + host.seconds
repeat
  rounds = rounds + 1
  acts[(rounds + host.thread) % #acts + 1]()
until os.time() > deadline
print(("thread %d: %d rounds"):format(host.thread, rounds))
