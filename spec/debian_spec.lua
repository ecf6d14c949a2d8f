-- contrib/debian/, from which 'make deb' makes packages.

local read = require "spec.support.read"
local script = require "spec.support.script"
local shell = require "spec.support.shell"

local HERE = "contrib/debian/"

local function lines_of(path)
  local list = {}
  for line in read(HERE .. path):gmatch("[^\n]+") do
    list[#list + 1] = line
  end
  return list
end

describe("the Debian package", function()
  for _, version in ipairs { "5.1", "5.2", "5.3", "5.4" } do
    it("is built for Lua " .. version, function()
      assert.same({ "include debian/pidfd.mk" },
        lines_of("lua" .. version .. ".dh-lua.conf"))
      assert.matches("lua" .. version, read(HERE .. "tests/control"), 1, true)
    end)
  end

  it("has a smoke test that passes", function()
    local output, errors, how, code = script.run(HERE .. "tests/smoke.lua")
    assert.equal("", output .. errors)
    assert.equal("exit 0", how .. " " .. code)
  end)

  it("has files that there are", function()
    for _, name in ipairs { "docs", "examples", "manpages" } do
      for _, path in ipairs(lines_of("lua-pidfd-dev." .. name)) do
        if not path:find("^build/doc/") then -- of 'make doc'
          assert.not_same({}, shell.lines("ls " .. path .. " 2>/dev/null"),
            path)
        end
      end
    end
    for _, line in ipairs(lines_of("lua-pidfd-dev.install.in")) do
      local path = line:match("^(types/%S+) ")
      if path then
        assert.is_true(#read(path) > 0)
      else
        assert.is_true(line:find("^include ") ~= nil or
          line:find("^build/doc/%S+ ") ~= nil, line)
      end
    end
  end)

  -- The pages of build/doc/ name what is two directories further up.
  it("has the reference where its links to the examples lead", function()
    local install = read(HERE .. "lua-pidfd-dev.install.in")
    local _, count = install:gsub(
      "\nbuild/doc/%*%.%l+ usr/share/doc/lua%-pidfd%-dev/%l+/%l+%f[\n]", "")
    assert.equal(3, count)
    assert.same({ "examples/*" }, lines_of("lua-pidfd-dev.examples"))
  end)

  it("has the homepage and the licence of the rock", function()
    local rock = {}
    assert(loadfile("pidfd-scm-1.rockspec", "t", rock))()
    local homepage = rock.description.homepage
    assert.matches("\nHomepage: " .. homepage .. "\n", read(HERE .. "control"),
      1, true)
    assert.matches("\nSource: " .. homepage .. "\n", read(HERE .. "copyright"),
      1, true)
    local licence = read("LICENSE"):match("\n(Permission.*)$")
    local copied = read(HERE .. "copyright"):match("\n (Permission.*)$")
    assert.equal(licence, (copied:gsub("\n %.\n", "\n \n"):gsub("\n ", "\n")))
  end)
end)
