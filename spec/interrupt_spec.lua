local child = require "spec.support.child"
local sleeps = require "spec.support.sleeps"
local sorted = require "spec.support.sorted"
local terminal = require "spec.support.terminal"

describe("Ctrl-C", function()
  -- How the wait is called.
  local calls = {
    [""] = "pcall(wait)",
    [" in a coroutine, once"] = "coroutine.resume(coroutine.create(wait))",
  }

  for _, name in ipairs(sleeps) do
    for where, call in sorted(calls) do
      it("interrupts " .. name .. where, function()
        terminal.need()
        local output = terminal.interrupt([[
          local argument = require "spec.programs.argument"
          local ready = require "spec.programs.ready"
          local waiting = require "spec.programs.waiting"
          local call = argument(arg[2], { wait = waiting.wait })
          ready()
          local ok, message = call()
          waiting.p:send_signal("KILL")
          print(ok, message)
        ]], name, call)
        assert.matches("false\t[^\n]*interrupted!\n$", output)
      end)
    end
  end

  it("ends a script that does not expect it", function()
    terminal.need()
    child.with(function(_, pid)
      local output, how, code = terminal.interrupt([[
        local ready = require "spec.programs.ready"
        local p = require("pidfd").open(math.tointeger(arg[1]))
        ready()
        p:wait()
      ]], pid)
      assert.matches("interrupted!\n", output)
      assert.equal("exit 1", how .. " " .. code)
    end)
  end)
end)
