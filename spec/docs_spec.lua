local pidfd = require "pidfd"
local read = require "spec.support.read"
local sorted = require "spec.support.sorted"

local types = read("types/pidfd.d.lua")
local changelog = read("CHANGELOG.md")
local types_of = require "spec.support.types"

-- Each public name: how a reader calls it, and the pattern by which it is found
-- in the type definitions. That it is in the reference is for reference_spec.
local names = {}

local function add(name, intypes)
  names[#names + 1] = { name = name, types = intypes,
    changelog = "[`:.]" .. name:match("[%w_]+$") .. "%f[^%w_]" }
end

for name, value in sorted(pidfd) do
  local call = type(value) == "function" and "[({]" or "%f[%W]"
  add("pidfd." .. name, "pidfd%." .. name .. call)
end

-- A type, and the variables that stand for it in the definitions: the second
-- stands for both types.
local function addmethods(type, variables)
  for name in sorted(types_of[type].__index) do
    local found
    for _, variable in ipairs(variables) do
      local definition = "function " .. variable .. ":" .. name .. "%("
      found = found or types:match(definition) and definition
    end
    add(type .. ":" .. name,
      found or "function " .. variables[1] .. ":" .. name .. "%(")
  end
end

addmethods("pidfd", { "p", "handle" })
addmethods("pidfd.fd", { "fd", "handle" })

for name in sorted(pidfd.flags) do
  add("pidfd.flags." .. name, "@field " .. name)
end

-- Each function of the type definitions: its name, the parameters that it is
-- documented with, and those that it has.
local functions, params = {}, {}

for line in types:gmatch("[^\n]+") do
  local name, list = line:match("^function ([%w_.:]+)%((.*)%) end$")
  if name then
    table.insert(functions,
      { name = name, documented = table.concat(params, ", "), has = list })
  end
  table.insert(params, line:match("^%-%-%-@param ([%w_.]+)"))
  if not line:find("^%-%-%-") then
    params = {}
  end
end

describe("the documentation", function()
  for _, entry in ipairs(names) do
    it("tells of " .. entry.name .. " in the type definitions", function()
      assert.is_truthy(types:find(entry.types), entry.types .. " is missing")
    end)

    -- Flags are told of with the calls that take them.
    if not entry.name:find("^pidfd%.flags%.") then
      it("tells of " .. entry.name .. " in the changelog", function()
        assert.is_truthy(changelog:find(entry.changelog),
          entry.changelog .. " is missing")
      end)
    end
  end

  for _, entry in ipairs(functions) do
    it("tells of the parameters of " .. entry.name, function()
      assert.equal(entry.has, entry.documented)
    end)
  end

  it("has type definitions that are valid Lua", function()
    assert.is_function(load(types))
  end)
end)
