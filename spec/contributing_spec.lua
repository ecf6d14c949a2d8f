-- CONTRIBUTING.md has what is in the project, and nothing that is not.

local read = require "spec.support.read"
local shell = require "spec.support.shell"

local text = read("CONTRIBUTING.md")

-- The names in the first column of the table that begins with that row, sorted,
-- and the second column.
local function column(header)
  local _, start = text:find("\n| " .. header .. " |", 1, true)
  local rows = text:match("[^\n]*\n(.-)\n\n", start) or
    text:match("[^\n]*\n(.*)\n$", start)
  local names, cells = {}, {}
  for first, second in rows:gmatch("| (`[^|]*) | ([^|]*) |") do
    for name in first:gmatch("`([^`]*)`") do
      table.insert(names, name)
      table.insert(cells, second)
    end
  end
  table.sort(names)
  return names, cells
end

local function sorted(list)
  table.sort(list)
  return list
end

describe("CONTRIBUTING.md", function()
  it("has each target of make help, and how long it takes", function()
    local targets = shell.lines("env -u MAKEFLAGS -u MAKELEVEL make help | " ..
      "cut -d ' ' -f 1")
    local names, times = column("target | takes")
    assert.is_true(#targets > 20)
    assert.same(sorted(targets), names)
    for _, time in ipairs(times) do
      assert.is_string(time:match("^%d+ s$") or time:match("^[%d.]+ min$"))
    end
  end)

  it("has each Lua helper in spec/support/", function()
    assert.same(sorted(shell.lines("basename -s .lua -a spec/support/*.lua")),
      (column("helper | what it is")))
  end)

  it("has each C helper in spec/support/", function()
    assert.same(sorted(shell.lines("basename -a spec/support/*.[ch]")),
      (column("file | what it is")))
  end)

  it("has each folder of the project", function()
    local folders = shell.lines("ls -d */ | grep -v -e build -e lua_modules")
    assert.same(sorted(folders), (column("folder | what is there")))
  end)
end)
