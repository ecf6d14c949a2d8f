-- What is the same for all programs of examples/.

local has = require "spec.support.has"
local read = require "spec.support.read"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"

-- The status when it is called wrongly: timeout(1) has its own.
local programs = { demo = 2, enter = 2, notify = 2, peer = 2, pipeline = 125,
  rescue = 2, run = 125, supervise = 2, takeover = 2, timeout = 125,
  waitpid = 2 }

-- What is wrong, where no arguments are right.
local WRONG = { demo = "now" }

local function need_modules(path)
  for module in read(path):gmatch('require "([^"]+)"') do
    if not has(module) then
      pending("needs " .. module)
    end
  end
end

for name, misused in sorted(programs) do
  local path = "examples/" .. name .. ".lua"

  describe(path, function()
    it("tells how it is called, when it is asked", function()
      need_modules(path)
      local output, errors, how, code = script.run(path, "--help")
      assert.matches("^usage: " .. name .. "%.lua ", output)
      assert.equal("", errors)
      assert.same({ "exit", 0 }, { how, code })
    end)

    it("tells it on stderr, when it is called wrongly", function()
      need_modules(path)
      local output, errors, how, code = script.run(path, WRONG[name])
      assert.equal("", output)
      assert.matches("^usage: " .. name .. "%.lua ", errors)
      assert.same({ "exit", misused }, { how, code })
    end)

    it("says how it finds the module in a clone", function()
      assert.matches("LUA_CPATH='build/5.4/?.so;;'", read(path), 1, true)
    end)
  end)
end
