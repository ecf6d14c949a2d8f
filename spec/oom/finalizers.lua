-- Runs a finalizer at each point of each scenario where Lua may run one, one
-- point after the other. It does to the objects and tables of the call what a
-- finalizer may do: closes them, gives their numbers to strangers, adds to the
-- tables, empties them, raises, calls the same function. Whatever the call
-- then returns or raises, it may not leave a descriptor or a child behind, nor
-- touch a stranger's descriptor. Runs in the interpreter of host.c, under ASan
-- and UBSan. Then once more where the call finds no descriptor left, so that it
-- makes a collection of its own.

-- luacheck: read globals host

require "spec.support.compat"
local pidfd = require "pidfd"
local scenarios = require "spec.oom.scenarios"

-- Scenarios of tables, which are here where a finalizer finds them.

local function numbered(from, to, value)
  local t = {}
  for i = from, to do
    t[i] = value
  end
  return t
end

local function spawn_with(options)
  return function()
    local p, list
    return function()
      list = options()
      p = pidfd.spawn(list)
    end, function()
      if p then
        p:wait()
        p:close()
      end
    end
  end
end

local me = pidfd.self()
local socket = host.socket()

local function variables()
  local env = {}
  for i = 1, 40 do
    env["V" .. i] = tostring(i)
  end
  return env
end

scenarios["spawn: env"] = spawn_with(function()
  return { "true", env = variables() }
end)

scenarios["spawn: setenv"] = spawn_with(function()
  return { "true", setenv = variables() }
end)

scenarios["spawn: rlimits"] = spawn_with(function()
  return { "true", rlimits = { core = 0, nofile = { 20, 30 }, locks = 1 } }
end)

scenarios["spawn: keepsignals"] = spawn_with(function()
  return { "true", keepsignals = { "HUP", "PIPE", 3, 4, 5 } }
end)

scenarios["spawn: fds"] = spawn_with(function()
  return { "true", fds = numbered(3, 40, 0) }
end)

scenarios["spawn: groups"] = spawn_with(function()
  return { "true", groups = numbered(1, 20, 7) }
end)

scenarios["spawn: arguments"] = spawn_with(function()
  return numbered(1, 60, "true")
end)

-- A copy of a descriptor that is borrowed, and may be closed meanwhile: the
-- program writes to it.
scenarios["spawn: borrowed"] = function()
  local fd = assert(me:getfd(socket))
  local sink = assert(io.open("/dev/null", "w"))
  local p
  return function()
    p = pidfd.spawn { "sh", "-c", "echo; echo >&2", stdout = fd, stderr = sink }
  end, function()
    if p then
      p:wait()
      p:close()
    end
    fd:close()
    pcall(sink.close, sink)
  end
end

-- No table nor object of the run is left to anybody else. What is borrowed may
-- be closed.
scenarios["run: borrowed"] = function()
  local sink, input = assert(me:getfd(socket)), ("x"):rep(70000)
  return function()
    local options = {
      "cat", input = input, stderr = sink, env = variables(),
    }
    pidfd.run(options)
  end, function()
    sink:close()
  end
end

scenarios["poll: list"] = function()
  local p = assert(pidfd.self())
  local list = numbered(1, 60, p)
  return function()
    pidfd.poll(list, 0)
  end
end

scenarios["madvise: ranges"] = function()
  local range = { 4096, 4096 }
  local list = numbered(1, 60, range)
  return function()
    me:madvise(-1, list)
  end
end

local near, far = host.socket()

local function drain()
  while pidfd.receive(far, 100, 0) do end
end

scenarios["send: list"] = function()
  local p = assert(pidfd.self())
  local list, output = numbered(1, 60, p), assert(me:getfd(near))
  list[60] = assert(io.open("/dev/null"))
  return function()
    pidfd.send(output, "x", list, 0)
  end, drain
end

scenarios["receive: socket"] = function()
  local input, data, extra = assert(me:getfd(far)), nil, nil
  assert(pidfd.send(near, "x", numbered(1, 60, me)))
  return function()
    data, extra = pidfd.receive(input, 100, 0)
    assert(not data or #extra.fds == 60)
  end, drain
end

-- All objects and tables that the function uses: its upvalues, theirs, and the
-- fields of the tables.
local known = {}

local function find(value, found)
  if known[value] or found[value] then
    return
  end
  local kind = type(value)
  if kind == "function" then
    found[value] = kind
    local i = 1
    while true do
      local name, upvalue = debug.getupvalue(value, i)
      if not name then
        return
      elseif upvalue ~= nil and debug.getinfo(value, "S").what ~= "C" then
        find(upvalue, found)
      end
      i = i + 1
    end
  elseif kind == "table" then
    found[value] = kind
    for _, field in next, value do
      find(field, found)
    end
  elseif pidfd.type(value) or io.type(value) then
    found[value] = "object"
  end
end

for _, value in ipairs {
  _G, pidfd, host, package, scenarios, debug.getregistry(), io.stdout,
  io.stderr, io.stdin, me, me:getfd(1),
} do
  find(value, {})
  known[value] = true
end
for _, value in pairs(_G) do
  known[value] = true
end
for _, value in pairs(pidfd) do
  known[value] = true
end
for _, value in pairs(package.loaded) do
  known[value] = true
end

local function each(found, kind, action)
  for value, which in pairs(found) do
    if which == kind then
      action(value)
    end
  end
end

local function close(found)
  each(found, "object", function(object)
    object:close()
  end)
end

local actions = {
  close = close,

  replace = function(found)
    close(found)
    host.intrude(8)
  end,

  grow = function(found)
    each(found, "table", function(t)
      local value = t[1] or "x"
      for i = 1, 3000 do
        t["W" .. i] = "x"
        t[#t + 1] = value
      end
    end)
  end,

  clear = function(found)
    each(found, "table", function(t)
      for key in pairs(t) do
        t[key] = nil
      end
    end)
  end,

  raise = function()
    error("a finalizer's error")
  end,

  recurse = function(_, call, clean_up)
    pcall(call)
    if clean_up then
      pcall(clean_up)
    end
  end,
}

-- The collector makes a whole cycle at each point where it may run. An object
-- that is garbage again as soon as it is finalized counts them.
local count, target, act

local counter = {}

local function arm()
  setmetatable({}, counter)
end

function counter.__gc()
  if not target then
    return
  end
  count = count + 1
  if count == target then
    act()
  end
  arm()
end

-- Returns whether the call came to point 'n'.
local function run_with(call, n, action, scarce)
  collectgarbage("incremental", 100, 1000, 40)
  collectgarbage("setpause", 0)
  collectgarbage() -- and the next cycle is due at once
  count, target, act = 0, n, action
  arm()
  host.scarce(scarce)
  pcall(call)
  target = nil
  host.scarce(false)
  collectgarbage("incremental", 200, 100, 13)
  return count >= n
end

local function left_overs(before)
  collectgarbage()
  collectgarbage() -- what finalizers let go of
  local descriptors = host.descriptors() - before
  if descriptors ~= 0 then
    return "descriptors left: " .. descriptors
  elseif host.haschildren() then
    return "a child left"
  end
end

local function try(set_up, n, action, scarce)
  collectgarbage()
  local before = host.descriptors()
  local call, clean_up = set_up()
  local had_children = host.haschildren()
  local reached = run_with(call, n, function()
    local found = {}
    find(call, found)
    action(found, call, clean_up)
  end, scarce)
  local harm = host.evict()
  if clean_up then
    pcall(clean_up)
  end
  if had_children then -- whose handle may be closed
    host.reap()
  end
  call, clean_up = nil, nil -- luacheck: ignore 311
  local left = left_overs(before)
  return reached, harm and "a stranger was " .. harm or left
end

local function exhaust(name, kind, scarce)
  local n = 0
  repeat
    n = n + 1
    local reached, complaint = try(scenarios[name], n, actions[kind], scarce)
    if complaint then
      print(("%s, point %d, %s%s: %s"):format(
        name, n, kind, scarce and " without descriptors" or "", complaint))
      return n, 1
    end
  until not reached
  return n - 1, 0
end

local names, kinds = {}, {}
for name in pairs(scenarios) do
  names[#names + 1] = name
end
for kind in pairs(actions) do
  kinds[#kinds + 1] = kind
end
table.sort(names)
table.sort(kinds)

warn("@off") -- errors of finalizers
local points, faults = 0, 0
for _, name in ipairs(names) do
  if name == (os.getenv("SCENARIO") or name) then
    try(scenarios[name], math.maxinteger, actions.raise) -- made once for all
    local most = 0
    for _, kind in ipairs(kinds) do
      for _, scarce in ipairs { false, true } do
        local reached, faulty = exhaust(name, kind, scarce)
        most = math.max(most, reached)
        points = points + reached
        faults = faults + faulty
      end
    end
    print(("%-24s%4d"):format(name, most))
  end
end

print(("%d scenarios, %d actions at %d points, %d faults")
  :format(#names, #kinds, points, faults))
os.exit(faults == 0, true)
