-- One scenario for each function, method and metamethod. A scenario sets the
-- stage, with memory to spare, and returns the call that is to run short of
-- it. A second function, if there is one, clears up afterwards.

-- luacheck: read globals host

local pidfd = require "pidfd"
local stage = require "spec.oom.stage"

-- These come first, or there would be holes among the numbers that are used.
local socket = host.socket()
local near, far = host.socket()
local me = assert(pidfd.self():pid())

local function open_self()
  return assert(pidfd.self())
end

-- A descriptor that is there in any case: that of the pidfd itself.
local function open_fd()
  local p = open_self()
  return assert(p:getfd(p:fileno()))
end

local function on_nothing(call)
  return function()
    return call
  end
end

local function on(open, call)
  return function()
    local object = open()
    return function()
      return call(object)
    end
  end
end

local function on_pidfd(call)
  return on(open_self, call)
end

local function on_fd(call)
  return on(open_fd, call)
end

-- A pid namespace, and a process that is in it.
local function on_namespace(call)
  return function()
    local p = open_self()
    local namespace = assert(p:namespace("pid"))
    return function()
      return call(namespace, p)
    end
  end
end

-- Takes a number back, unless the number is nobody's any more.
local function take_back(number)
  collectgarbage()
  local p = number and pidfd.adopt(number)
  if p then
    p:close()
  end
end

local function release(open)
  return function()
    local object, number = open(), nil
    return function()
      number = object:release()
    end, function()
      take_back(number)
    end
  end
end

local function adopt()
  local number = open_self():release()
  return function()
    assert(pidfd.adopt(number))
  end, function()
    take_back(number)
  end
end

-- One that runs, and three that fail: at execve(2), at clone(2), and before
-- that.
local function spawn()
  local p
  return function()
    local list = {
      "true", stdin = "pipe", stdout = "pipe", stderr = "stdout", cwd = "/",
      env = { A = "1", B = "2" }, fds = { [7] = 0, [8] = io.stdout },
      setenv = { A = false, C = "3" }, umask = 0, nice = 1,
      rlimits = { core = 0, nofile = { 20, 20 }, stack = "unlimited" },
      keepsignals = { "PIPE", 1 },
    }
    assert(not pidfd.spawn { "/", stdin = "pipe", stdout = "null" })
    assert(not pidfd.spawn { "true", stdin = "pipe", cgroup = "/" })
    assert(not pidfd.spawn { "true", stdin = "pipe", cgroup = "/nowhere" })
    p = assert(pidfd.spawn(list))
  end, function()
    if p then
      p:wait()
      p:close()
    end
  end
end

-- Of this process: one that is about to end, or has.
local function children()
  local p, q = open_self(), assert(pidfd.spawn { "true" })
  return function()
    assert(#p:children() == 1)
  end, function()
    q:wait()
    q:close()
  end
end

-- One that gets input and tells something, one whose time is over, and one that
-- cannot be executed. None outlives the call.
local function run()
  local input = ("x"):rep(70000)
  return function()
    local result = assert(pidfd.run {
      "cat", input = input, env = { A = "1" }, cwd = "/",
      stderr = "stdout", limit = 66000, timeout = 600,
    })
    assert(#result.stdout == 66000 and tostring(result) == "cat: exit 0")
    result = assert(pidfd.run {
      "sleep", "600", timeout = 0, grace = 600, linger = 0,
    })
    assert(result.timedout)
    assert(not pidfd.run { "/", input = "x" })
  end
end

-- As in a new state: without the metatables of the first time.
local function load_again()
  local registry, types = debug.getregistry(), require "spec.support.types"
  package.loaded.pidfd = nil
  for _, key in pairs(types.keys) do
    registry[key] = nil
  end
  return function()
    require "pidfd"
  end, function()
    package.loaded.pidfd = nil -- what Lua 5.1 leaves there after an error
    require("pidfd").self() -- closed by __gc, if it is there
    collectgarbage()
    for name, key in pairs(types.keys) do
      registry[key] = types[name]
    end
    package.loaded.pidfd = pidfd
  end
end

-- A pipe that has two lines in it, and an end: whatever fails, what 'take' does
-- not return is left.
local LINES = "one\ntwo\n"

local function on_lines(take, newline)
  return function()
    local p, pipes = assert(pidfd.spawn { "printf", LINES, stdout = "pipe" })
    local fd, taken = pipes.stdout, 0
    p:wait()
    p:close()
    return function()
      taken = #take(fd) + newline
    end, function()
      local rest = ""
      repeat
        local part = assert(fd:read(100))
        rest = rest .. part
      until part == ""
      assert(rest == LINES:sub(taken + 1))
      fd:close()
    end
  end
end

-- Messages from 'near' to 'far'; none is left.
local function drain()
  while pidfd.receive(far, 100, 0) do end
end

local function send()
  local p = open_self()
  local lender = { fileno = function() return near end }
  return function()
    assert(pidfd.send(near, "x", { p, io.stdout, 0, lender }, 0))
  end, drain
end

local function receive()
  local p = open_self()
  pidfd.passpidfd(far, true) -- where there is that
  assert(pidfd.send(near, "text", { p, io.stdout, near, p }))
  return function()
    local data, extra = assert(pidfd.receive(far, 100, 0))
    assert(data == "text" and #extra.fds == 4)
  end, drain
end

local function close(object)
  assert(object:close())
end

local function fileno(object)
  assert(object:fileno())
end

local function dup(object)
  assert(object:dup())
end

local function pollfd(object)
  assert(object:pollfd())
end

local function events(object)
  assert(object:events() == "r")
end

local function timeout(object)
  assert(object:timeout() == nil)
end

local function dirty(object)
  assert(object:dirty() == false)
end

local function call_metamethod(name)
  return function(object)
    getmetatable(object)[name](object)
  end
end

return {
  ["require"] = load_again,

  ["pidfd.open"] = on_namespace(function(namespace, p)
    assert(pidfd.open(me))
    pidfd.open(me, nil, namespace) -- Linux 6.11
    local other = assert(p:getfd(p:fileno()))
    assert(not pidfd.open(me, nil, other))
  end),
  ["pidfd.self"] = on_nothing(function()
    assert(pidfd.self())
  end),
  ["pidfd.adopt"] = adopt,
  ["pidfd.spawn"] = spawn,
  ["pidfd.run"] = run,
  ["pidfd.getfd"] = on_pidfd(function(p)
    assert(pidfd.getfd(p, p:fileno()))
  end),
  ["pidfd.poll"] = on_pidfd(function(p)
    assert(#pidfd.poll({ p, p }, 0) == 0)
  end),
  ["pidfd.peer"] = on_nothing(function()
    assert(pidfd.supports("peer") == (pidfd.peer(socket) ~= nil))
    assert(not pidfd.peer(io.stdout))
  end),
  ["pidfd.send"] = send,
  ["pidfd.receive"] = receive,
  ["pidfd.passpidfd"] = on_nothing(function()
    assert(pidfd.supports("passpidfd") ==
      (pidfd.passpidfd(socket, true) ~= nil))
    assert(not pidfd.passpidfd(io.stdout, true))
  end),
  ["pidfd.from_token"] = on_pidfd(function(p)
    assert(pidfd.from_token(p:token()))
    assert(pidfd.from_token(p:token("short")))
    assert(not pidfd.from_token("no token"))
  end),
  ["pidfd.supports"] = on_nothing(function()
    assert(pidfd.supports("getfd"))
  end),
  ["pidfd.type"] = on_pidfd(function(p)
    assert(pidfd.type(p))
  end),

  ["p:close"] = on_pidfd(close),
  ["p:release"] = release(open_self),
  ["p:fileno"] = on_pidfd(fileno),
  ["p:dup"] = on_pidfd(dup),
  ["p:getfd"] = on_pidfd(function(p)
    assert(p:getfd(p:getfd()))
  end),
  ["p:pollfd"] = on_pidfd(pollfd),
  ["p:events"] = on_pidfd(events),
  ["p:timeout"] = on_pidfd(timeout),
  ["p:dirty"] = on_pidfd(dirty),
  ["p:info"] = on_pidfd(function(p)
    assert(p:info())
  end),
  ["p:id"] = on_pidfd(function(p)
    assert(p:id())
  end),
  ["p:wait"] = stage.on_child({ "true" }, function(p)
    assert(p:wait() == "exit")
  end),
  ["p:receive"] = stage.on_child({ "true" }, function(p)
    assert(p:poll())
    assert(p:receive() == "exit")
  end),
  ["p:waitid"] = stage.on_child({ "true" }, function(p)
    assert(p:waitid(pidfd.flags.WEXITED) == "exit")
  end),
  ["p:terminate"] = stage.on_child({ "true", pgroup = 0 }, function(p)
    assert(not p:terminate(0, "cgroup"))
    assert(p:terminate(0.01, "process", "peek"))
    assert(p:terminate(0.01, "group"))
  end),
  ["p:token"] = on_pidfd(function(p)
    assert(p:token())
    assert(p:token("short"))
  end),
  ["p:proc"] = on_pidfd(function(p)
    assert(#p:proc("maps") > 1024)
    assert(not p:proc("nosuch"))
    assert(not p:proc("fd"))
    assert(p:proc("comm", "host"))
    assert(not p:proc("oom_score_adj", "no number"))
  end),
  ["p:link"] = on_pidfd(function(p)
    assert(p:link("exe"))
    assert(not p:link("stat"))
    assert(not p:link("nosuch"))
  end),
  ["p:list"] = on_pidfd(function(p)
    assert(#p:list("map_files") > 10)
    assert(not p:list("stat"))
  end),
  ["p:children"] = children,
  ["p:namespace"] = on_pidfd(function(p)
    assert(p:namespace("net"))
    assert(p:namespace("user"))
  end),
  ["p:setns"] = on_pidfd(function(p)
    assert(not p:setns("uts", "user"))
  end),
  ["p:mrelease"] = on_pidfd(function(p)
    assert(not p:mrelease())
  end),
  ["p:madvise"] = on_pidfd(function(p)
    assert(not p:madvise(-1, { { 0, 4096 }, { 4096, 4096 } }))
  end),
  ["p:pid"] = on_namespace(function(namespace, p)
    assert(p:pid())
    p:pid(namespace) -- Linux 6.11
    local other = assert(p:getfd(p:fileno()))
    assert(not p:pid(other))
  end),
  ["p:fds"] = on_pidfd(function(p)
    assert(p:fds())
  end),
  ["p:send_signal"] = on_pidfd(function(p)
    assert(p:send_signal(0))
  end),
  ["p:poll"] = on_pidfd(function(p)
    assert(p:poll(0) == false)
  end),
  ["p.__gc"] = on_pidfd(call_metamethod("__gc")),
  ["p.__close"] = on_pidfd(call_metamethod("__close")),
  ["p.__tostring"] = on_pidfd(tostring),
  ["p.__eq"] = on_pidfd(function(p)
    assert(getmetatable(p).__eq(p, p))
  end),

  ["fd:close"] = on_fd(close),
  ["fd:release"] = release(open_fd),
  ["fd:fileno"] = on_fd(fileno),
  ["fd:dup"] = on_fd(dup),
  ["fd:getfd"] = on_fd(function(fd)
    assert(fd:getfd())
  end),
  ["fd:pollfd"] = on_fd(pollfd),
  ["fd:events"] = on_fd(events),
  ["fd:timeout"] = on_fd(timeout),
  ["fd:dirty"] = on_fd(dirty),
  ["fd:read"] = on_lines(function(fd)
    return fd:read(5)
  end, 0),
  ["fd:lines"] = on_lines(function(fd)
    return fd:lines()()
  end, 1),
  ["fd:write"] = on_fd(function(fd)
    assert(not fd:write("x"))
  end),
  ["fd:file"] = on_fd(function(fd)
    assert(fd:file())
  end),
  ["fd:nonblock"] = on_fd(function(fd)
    assert(fd:nonblock(true))
  end),
  ["fd.__gc"] = on_fd(call_metamethod("__gc")),
  ["fd.__close"] = on_fd(call_metamethod("__close")),
  ["fd.__tostring"] = on_fd(tostring),
}
