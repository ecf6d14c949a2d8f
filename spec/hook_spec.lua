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

  for _, call in ipairs { "p:poll(60)", "p:wait(60)", "fd:read(1, 60)" } do
    it("that takes the object from " .. call .. " ends it", function()
      local output = run(call, [[
        local pidfd = require "pidfd"
        local p, pipes = pidfd.spawn { "sleep", "1000", stdout = "pipe" }
        local fd, other = pipes.stdout, io.tmpfile()
        local name = arg[1]
        local calls = {
          ["p:poll(60)"] = function() return p:poll(60) end,
          ["p:wait(60)"] = function() return p:wait(60) end,
          ["fd:read(1, 60)"] = function() return fd:read(1, 60) end,
        }
        debug.sethook(function()
          local caller = debug.getinfo(3, "S")
          local _, value = debug.getlocal(3, 1)
          if caller.what == "C" and (value == p or value == fd) then
            debug.setlocal(3, 1, other)
          end
        end, "c")
        local succeeds, message = pcall(calls[name])
        debug.sethook()
        p:send_signal("KILL")
        print(succeeds, message:match("expected, got .*") or message)
      ]])
      assert.matches("^false\texpected, got %S+%)\n$", output)
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
