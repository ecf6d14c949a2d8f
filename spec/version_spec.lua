local pidfd = require "pidfd"
local read = require "spec.support.read"
local shell = require "spec.support.shell"
local sorted = require "spec.support.sorted"
local versions = require "spec.support.versions"

local places, version = versions(".")
local released = read("CHANGELOG.md"):match("\n## ([%d.]+) %- ")

describe("pidfd._VERSION", function()
  it("names the module and the version of src/version.h", function()
    assert.matches("^%d+%.%d+%.%d+$", version)
    assert.equal("pidfd " .. version, pidfd._VERSION)
  end)
end)

describe("the version", function()
  for place, found in sorted(places) do
    it("is the same in " .. place, function()
      assert.equal(version, found)
    end)
  end

  it("is what tools/version prints", function()
    assert.equal(version .. "\n", (shell.output("tools/version")))
  end)

  it("is that of the latest release in the changelog", function()
    assert.equal(version, released or version)
  end)

  -- Later changes do not change what was released.
  it("has the rockspec of the repository until it is released", function()
    if released ~= version then
      assert.equal(shell.output("tools/rockspec " .. version),
        read("rockspecs/pidfd-" .. version .. "-1.rockspec"),
        "tools/rockspec prints what has to be there")
    end
  end)
end)
