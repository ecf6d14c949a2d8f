-- Lets each allocation of each scenario fail, one after the other: first that
-- one alone, which Lua answers with a collection and a second try, so that the
-- call succeeds; then that one and all that follow. Neither may leave an open
-- descriptor or a child behind. Runs in the interpreter of host.c.

-- luacheck: read globals host

require "spec.support.compat"
local pidfd = require "pidfd"
local scenarios = require "spec.oom.scenarios"

-- Everything that the module offers: "pidfd.open", "p:dup", "fd.__gc".
local function offers()
  local names = { "require" }
  local function add(prefix, functions)
    for name, value in pairs(functions) do
      if type(value) == "function" then
        names[#names + 1] = prefix .. name
      end
    end
  end

  local registry = require "spec.support.types"
  add("pidfd.", pidfd)
  add("p.", registry["pidfd"])
  add("p:", registry["pidfd"].__index)
  add("fd.", registry["pidfd.fd"])
  add("fd:", registry["pidfd.fd"].__index)
  table.sort(names)
  return names
end

local function left_overs(before, had_children)
  collectgarbage()
  collectgarbage() -- what finalizers let go of
  local descriptors = host.descriptors() - before
  if descriptors ~= 0 then
    return "descriptors left: " .. descriptors
  elseif host.haschildren() and not had_children then
    return "a child left"
  end
end

local function attempt(set_up, n, forever)
  local call, clean_up = set_up()
  local reached, message = host.attempt(call, n, forever)
  if clean_up then
    clean_up()
  end
  return reached, message
end

-- Whether the call got as far as allocation 'n', and what is wrong if anything.
local function try(set_up, n, forever)
  local before, had_children = host.descriptors(), host.haschildren()
  local reached, message = attempt(set_up, n, forever)
  local is_fatal = forever or _VERSION == "Lua 5.1" -- it does not collect then
  local expected = reached and is_fatal and message == "not enough memory"
  if message and not expected then
    return reached, message
  end
  return reached, left_overs(before, had_children)
end

local function exhaust(name, forever)
  local n = 0
  repeat
    n = n + 1
    local reached, complaint = try(scenarios[name], n, forever)
    if complaint then
      print(("%s, allocation %d%s: %s"):format(
        name, n, forever and " and all that follow" or "", complaint))
      return n, 1
    end
  until not reached
  return n - 1, 0
end

local points, leaks = 0, 0
local names = offers()
for _, name in ipairs(names) do
  assert(scenarios[name], name .. " has no scenario")
  try(scenarios[name], math.maxinteger, false) -- what is made once for all
  local count, leaked_once = exhaust(name, false)
  local _, leaked = exhaust(name, true)
  print(("%-24s%4d"):format(name, count))
  points = points + count
  leaks = leaks + leaked_once + leaked
end

print(("%d scenarios, %d allocation points, %d leaks")
  :format(#names, points, leaks))
os.exit(leaks == 0, true)
