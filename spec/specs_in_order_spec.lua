local complaints = require "spec.support.complaints"

local function said(path, line)
  return complaints("tools/specs-in-order",
    "src/api spec tools Makefile .busted", path, line)
end

describe("tools/specs-in-order", function()
  if not os.execute("command -v lua5.4 >/dev/null") then
    it("needs lua5.4", function()
      pending("needs lua5.4")
    end)
    return
  end

  it("has nothing to say of the project", function()
    assert.equal("", said())
  end)

  it("says which calls have no specs", function()
    assert.equal("src/api/unused.c: no spec/unused_spec.lua\n",
      said("src/api/unused.c", ""))
  end)

  -- This file must not have these names, or it would use them.
  for _, ending in ipairs { ".lua", ".c" } do
    it("says which helper nobody uses: *" .. ending, function()
      local path = "spec/support/orph" .. "aned" .. ending
      assert.equal(path .. ": no spec uses it\n", said(path, ""))
    end)
  end

  it("says which spec sets a timer by itself", function()
    local message = "spec/some_spec.lua:1: sets a timer: use " ..
      "spec.programs.alarm\n"
    for _, module in ipairs { "unix", "require(\"unix\")" } do
      assert.equal(message,
        said("spec/some_spec.lua", module .. ".alarm" .. "(1, 0)"))
    end
  end)

  it("says where the order of specs is that of pairs", function()
    local loop = "for name, call in %s {\n  one = print,\n} do\n" ..
      "  it(name, call)\nend"
    assert.equal("spec/some_spec.lua:1: makes specs in the order of pairs\n",
      said("spec/some_spec.lua", loop:format("pairs")))
  end)
end)
