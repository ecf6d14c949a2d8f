local directory = require "spec.support.directory"
local shell = require "spec.support.shell"

-- What tools/specs-in-order says of a copy of the project, in which this file
-- has that text.
local function said(path, text)
  local output
  directory.with(function(where)
    assert(os.execute(("mkdir %s/src; cp -R src/api %s/src"):format(where,
      where)))
    assert(os.execute(("cp -R spec tools Makefile .busted %s"):format(where)))
    if path then
      local file = assert(io.open(where .. "/" .. path, "w"))
      file:write(text, "\n")
      file:close()
    end
    output = shell.output("tools/specs-in-order " .. where .. " 2>&1")
  end)
  return output
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
