local handled = require "spec.support.handled"
local language = require "spec.support.language"

-- Run a program that waits by the way of that name. Returns what it printed.
local function run(name, program)
  return (handled(program, name))
end

describe("a debugger's hook", function()
  it("stays, and does not keep from sleeping", function()
    local output = run("p:poll(0.05)", [[
      local waiting = require "spec.programs.waiting"
      local p, wait = waiting.p, waiting.wait
      local function hook() end
      debug.sethook(hook, "crl", 1)
      print(wait())
      print(debug.gethook() == hook)
      print(coroutine.wrap(wait)())
      print(debug.gethook() == hook)
      debug.sethook()
      p:send_signal("KILL")
    ]])
    assert.equal("false\ntrue\nfalse\ntrue\n", output)
  end)

  for _, name in ipairs { "p:poll()", "pidfd.poll()", "p:wait()" } do
    it("that closes the pidfd within " .. name .. " ends it", function()
      local output = run(name, [[
        local waiting = require "spec.programs.waiting"
        local pidfd = require "pidfd"
        local p, wait = waiting.p, waiting.wait
        local replace, tell = waiting.replacing()
        local calls = { [p.poll] = true, [pidfd.poll] = true,
          [p.wait] = true }
        debug.sethook(function()
          local caller = debug.getinfo(3, "f")
          if caller and calls[caller.func] then
            replace()
          end
        end, "c")
        local results = table.pack(pcall(wait))
        debug.sethook()
        tell(table.unpack(results))
      ]])
      assert.equal("false\tclosed\tfalse\n", output)
    end)
  end

  it("of a coroutine stays that one's", function()
    language.need("hooks of a coroutine")
    local output = run("p:poll(0.01)", [[
      local waiting = require "spec.programs.waiting"
      local p, wait = waiting.p, waiting.wait
      local function hook() end
      local thread = coroutine.create(function()
        print(wait(), debug.gethook() == hook)
      end)
      debug.sethook(thread, hook, "c")
      coroutine.resume(thread)
      print((debug.gethook()))
      p:send_signal("KILL")
    ]])
    assert.equal("false\ttrue\nnil\n", output)
  end)
end)
