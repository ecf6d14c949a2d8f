local script = require "spec.support.script"

local EXAMPLE = "examples/demo.lua"

-- The demo, where something goes wrong.
local SABOTAGED = [[
  local pidfd = require "pidfd"
  pidfd.open = function()
    return nil, "sabotaged", 1
  end
  local path = arg[1]
  arg = nil
  dofile(path)
]]

local function exists(path)
  local file = io.open(path)
  return file and file:close()
end

describe("examples/demo.lua", function()
  it("gets a deleted file out of a running program", function()
    local output, errors, how, code = script.run(EXAMPLE)
    assert.equal("", errors)
    assert.same({ "exit", 0 }, { how, code })
    assert.matches("getfd%(9%) +%-%-> pidfd%.fd", output)
    assert.matches("9893 bytes, each as the program wrote it", output)
  end)

  it("fits on a screen", function()
    local output = script.run(EXAMPLE)
    for line in output:gmatch("[^\n]*") do
      assert.is_true(#line < 80, line)
    end
    local _, lines = output:gsub("\n", "")
    assert.is_true(lines < 40)
  end)

  it("leaves no file behind", function()
    local output = script.run(EXAMPLE)
    local n = 0
    for path in output:gmatch("/tmp/lua_%w+") do
      assert.is_nil(exists(path))
      n = n + 1
    end
    assert.is_true(n >= 2)
  end)

  it("says what went wrong", function()
    local output, errors, how, code = script.run(SABOTAGED, EXAMPLE)
    assert.equal("demo: sabotaged\n", errors)
    assert.same({ "exit", 1 }, { how, code })
    assert.is_nil(exists(output:match("/tmp/lua_%w+")))
  end)
end)
