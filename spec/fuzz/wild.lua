-- What runs inside a call, and does what each call has to be ready for:
-- finalizers, hooks, and methods of borrowed objects.

-- luacheck: read globals host

local pool = require "spec.fuzz.pool"

local random = host.random

local wild = {}

local prey = {} -- tables that the next call uses
local hard, limited, hooked = false, false, false
local tame = false

-- From now on nothing happens: an object that is made while Lua closes its
-- state is never finalized.
function wild.stop()
  tame = true
end

-- The next call gets this table.
function wild.prey(t)
  prey[random(3)] = t
  return t
end

local function change(t)
  local key = next(t)
  local n = random(5)
  if n == 1 then
    for k in pairs(t) do
      t[k] = nil
    end
  elseif n == 2 and key ~= nil then
    t[key] = nil
  elseif n == 3 then
    for i = 1, random(40) do
      t["W" .. i] = "w"
    end
  elseif n == 4 then
    for i = 1, random(40) do
      t[#t + 1] = pool.pidfd() or i
    end
  elseif key ~= nil then
    t[key] = pool.fd()
  end
end

local function close(object)
  if object then
    object:close()
  end
end

local function release(object)
  if object and debug.getmetatable(object).__index then
    host.aside(function()
      pool.released(object:release())
    end)
  end
end

local ACTIONS = {
  function() close(pool.pidfd()) end,
  function() close(pool.fd()) end,
  function() release(pool.fd()) end,
  function() change(prey[random(3)] or {}) end,
  function() change(prey[random(3)] or {}) end,
  function() change(prey[random(3)] or {}) end,
  function() collectgarbage() end,
  function() wild.garbage(2) end,
  function() host.setenv("FUZZ" .. random(200), ("x"):rep(random(200))) end,
  function()
    host.setenv("PATH", random(2) == 1 and "/bin" or "/nowhere:/bin")
  end,
  function() error("wild") end,
  function() error({}) end,
  function() pool.put(pool.module.self() or nil) end,
  function()
    local p = pool.pidfd()
    if p then
      p:poll(0.0001)
      p:wait(0)
    end
  end,
  function()
    if pool.mayspawn() and random(20) == 1 then
      host.aside(function()
        local p, pipes = pool.module.spawn { "true", stdin = "pipe" }
        if p then
          pool.started(p, pipes)
        end
      end)
    end
  end,
}

-- An error of a hook has to be a string: what a call raises is looked at.
function wild.act()
  if tame then
    return
  end
  local ok, message = pcall(ACTIONS[random(#ACTIONS)])
  if not ok and random(2) == 1 then
    error(tostring(message), 0)
  end
end

-- As a debugger's hook, which runs outside of calls, too.
function wild.debug()
  if host.isincall() then
    wild.act()
  end
end

local finalized = { __gc = wild.act }

-- So many objects that are over already, each with a finalizer.
function wild.garbage(n)
  for _ = 1, n do
    setmetatable({}, finalized)
  end
end

-- Something to borrow.
function wild.lender(number)
  local function method()
    wild.act()
    return random(8) > 1 and number or "nothing"
  end
  return { [random(2) == 1 and "fileno" or "pollfd"] = method }
end

-- Now and then: a collector that never rests, no descriptors, a debugger.
function wild.before()
  local n = random(40)
  if n <= 3 then
    wild.garbage(random(4))
    collectgarbage("incremental", 1, 1000, 30)
    hard = true
  elseif n == 4 then
    wild.garbage(random(3))
    host.limit(random(3) - 1)
    limited = true
  elseif n == 5 then
    debug.sethook(wild.debug, "", random(3))
    hooked = true
  end
end

function wild.after()
  if hard then
    collectgarbage("incremental", 200, 100, 13)
  end
  if limited then
    host.limit(nil)
  end
  if hooked then
    debug.sethook()
  end
  hard, limited, hooked = false, false, false
end

return wild
