local pidfd = require "pidfd"
local refused = require "spec.support.refused"
local run = require "spec.support.run"
local sorted = require "spec.support.sorted"

-- Not every kernel knows them, but what it is asked for can be seen.
describe("pidfd.spawn() asks the kernel", function()
  local AUTOREAP, NNP, AUTOKILL = 2 ^ 34, 2 ^ 35, 2 ^ 36

  for options, flags in sorted {
    ["autoreap = true"] = AUTOREAP,
    ["autoreap = true, autokill = true"] = AUTOREAP + AUTOKILL,
    ["autoreap = true, autokill = true, nnp = true"] =
      AUTOREAP + AUTOKILL + NNP,
  } do
    it("for what is wanted: " .. options, function()
      local trace = run.traced("-e trace=clone3",
        "require('pidfd').spawn { 'true', " .. options .. " }")
      assert.matches(("[|=]%#x[|,]"):format(math.tointeger(flags)), trace)
      assert.matches("exit_signal=0,", trace)
    end)
  end
end)

describe("pidfd.spawn() with autokill alone", function()
  it("fails with EINVAL, which is no question of the kernel", function()
    local options = { "/nowhere", autokill = true }
    refused("EINVAL", "clone autoreap, autokill", options)
    assert.not_matches("Linux", (select(2, pidfd.spawn(options))))
  end)
end)
