local child = require "spec.support.child"
local terminal = require "spec.support.terminal"

-- What sleeps until the process of 'p' ends, and returns nothing before: see
-- spec/programs/waiting.lua.
local waits = {
  "p:poll()", "p:poll(60)", "pidfd.poll()", "p:wait()", "p:wait(60)",
  "p:waitid() for the end", "p:waitid() for a stop", "p:terminate()",
}

describe("Ctrl-C", function()
  for _, name in ipairs(waits) do
    it("interrupts " .. name, function()
      terminal.need()
      local output = terminal.interrupt([[
        local ready = require "spec.programs.ready"
        local waiting = require "spec.programs.waiting"
        local p, wait = waiting.p, waiting.wait
        ready()
        local ok, message = pcall(wait)
        p:send_signal("KILL")
        print(ok, message)
      ]], name)
      assert.matches("false\t[^\n]*interrupted!\n$", output)
    end)

    it("interrupts " .. name .. " in a coroutine, once", function()
      terminal.need()
      local output = terminal.interrupt([[
        local ready = require "spec.programs.ready"
        local waiting = require "spec.programs.waiting"
        local p, wait = waiting.p, waiting.wait
        ready()
        local ok, message = coroutine.resume(coroutine.create(wait))
        p:send_signal("KILL")
        print(ok, message)
      ]], name)
      assert.matches("false\t[^\n]*interrupted!\n$", output)
    end)
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
