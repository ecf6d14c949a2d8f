-- One round of the fuzzer: calls every function of the module at random, with
-- random arguments, and looks at what comes back. Runs in the process that
-- host.c describes; what it does follows from host.seed.

-- luacheck: read globals host

require "spec.support.compat"
local arguments = require "spec.fuzz.arguments"
local pool = require "spec.fuzz.pool"
local wild = require "spec.fuzz.wild"

local random, call = host.random, host.call

local CALLS = 40000

-- Those that may answer nil without a reason.
local SILENT = {
  ["pidfd.type"] = true, ["p:timeout"] = true, ["fd:timeout"] = true,
  ["p:receive"] = true, ["p:__gc"] = true,
  ["fd:__gc"] = true, ["p:__close"] = true, ["fd:__close"] = true,
}

local names, functions = {}, {}

local function add(prefix, set)
  for name, value in pairs(set) do
    if type(value) == "function" then
      names[#names + 1] = prefix .. name
      functions[prefix .. name] = value
    end
  end
end

add("pidfd.", pool.module)
add("p:", pool.pidfd_metatable)
add("p:", pool.pidfd_metatable.__index)
add("fd:", pool.fd_metatable)
add("fd:", pool.fd_metatable.__index)
table.sort(names) -- the order of a table is not the same each time

-- What starts a program, or collects everything, is made less often.
local COSTLY = {
  ["pidfd.spawn"] = 12, ["pidfd.run"] = 12,
  ["pidfd.supports"] = 144, -- starts children, copies of this process
}

local function choose()
  local name = names[random(#names)]
  local rarity = COSTLY[name]
  if rarity and random(rarity) > 1 then
    return choose()
  end
  return name
end

local function complain(name, ...)
  local shown = {}
  for i = 1, select("#", ...) do
    shown[i] = tostring((select(i, ...)))
  end
  error(name .. " returns " .. table.concat(shown, ", "), 0)
end

-- A reason and an errno, or something that is not nil, or an error with text.
local function check(name, ok, ...)
  local first, reason, code = ...
  if not ok then
    if type(first) ~= "string" then
      complain(name .. ", raising,", ...)
    end
  elseif first == nil and not SILENT[name] then
    if type(reason) ~= "string" or math.type(code) ~= "integer" or
        not reason:find("^%l[%w_]*[^%c]*: .") or code <= 0 then
      complain(name, ...)
    end
  end
  return ok, ...
end

-- Later calls get what this one gave.
local function keep(name, ok, first, second)
  if ok and first ~= nil then
    if name == "pidfd.spawn" then -- while nobody else can close it
      pool.started(first, second)
    end
    if type(first) == "userdata" then
      pool.put(first)
    elseif name:find(":release$") then
      pool.released(first)
    end
    if name == "pidfd.receive" and type(second) == "table" then
      pool.put(second.sender)
      for _, fd in pairs(second.fds) do
        pool.put(fd)
      end
    end
  end
end

local function step(name)
  local f = functions[name]
  local rate = random(4) == 1 and random(40) or 0
  if random(16) == 1 then
    f = coroutine.wrap(f)
    rate = 0 -- or what f has returned would be lost for want of a stack
  end
  wild.before()
  keep(name, check(name, call(rate, name, f, arguments(name))))
  wild.after()
end

host.setwild(wild.act)
for i = 1, CALLS do
  step(choose())
  if i % 500 == 0 then
    pool.tend()
  end
end
wild.stop()
pool.finish()
