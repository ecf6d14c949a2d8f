-- A helper for busted: a collector that never rests while a function of the
-- module runs. Each allocation in it that may collect does a whole collection,
-- so what is not anchored is gone, and finalizers run wherever they can.
--
-- A function that was called often in one spec is left alone from then on: the
-- first calls of a loop over a thousand processes find what there is to find.

require "spec.support.once"

local busted = require "busted"

local ENOUGH = 64 -- calls of one function in one spec

-- Whole collections (a step of 1 GiB), one right after the other (a pause of
-- 1 %). The first one pays the debt that was allowed before.
local function harden()
  collectgarbage("incremental", 1, 1000, 30)
  collectgarbage("step")
end

local function soften()
  collectgarbage("incremental", 200, 100, 13) -- Lua's defaults
end

local function functions_of(module)
  local registry = require "spec.support.types"
  local set = {}
  for _, functions in ipairs({
    module,
    registry["pidfd"], registry["pidfd"].__index,
    registry["pidfd.fd"], registry["pidfd.fd"].__index,
  }) do
    for _, value in pairs(functions) do
      if type(value) == "function" then
        set[value] = true
      end
    end
  end
  return set
end

local ours = functions_of(require "pidfd")

-- A function that raises does not return, but one of these does.
local catchers = { [pcall] = true, [xpcall] = true }

local calls

local function is_worth_it(called)
  calls[called] = (calls[called] or 0) + 1
  return calls[called] <= ENOUGH
end

local function hook(event)
  local called = debug.getinfo(2, "f").func
  if event == "return" and (ours[called] or catchers[called]) then
    soften()
  elseif event ~= "return" and ours[called] and is_worth_it(called) then
    harden()
  end
end

-- What is over can go: the smaller the heap, the sooner it is collected.
local function forget(element)
  element.run, element.env, element.trace = nil, nil, nil
  return nil, true
end

busted.subscribe({ "test", "end" }, forget)
busted.subscribe({ "describe", "end" }, forget)

-- For each spec, because one may set a hook of its own.
busted.subscribe({ "test", "start" }, function()
  soften()
  calls = {}
  debug.sethook(hook, "cr")
  return nil, true
end)
