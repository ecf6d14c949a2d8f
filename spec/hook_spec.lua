local compiled = require "spec.support.compiled"
local language = require "spec.support.language"
local script = require "spec.support.script"

teardown(compiled.remove)

-- What sleeps until the process of 'p' ends, and returns nothing before.
local waits = {
  ["p:poll()"] = "p:poll()",
  ["p:poll(60)"] = "p:poll(60)",
  ["pidfd.poll()"] = "pidfd.poll({ p })",
  ["p:wait()"] = "p:wait()",
  ["p:wait(60)"] = "p:wait(60)",
  ["p:waitid() for the end"] = "p:waitid(pidfd.flags.WEXITED)",
  ["p:waitid() for a stop"] = "p:waitid(pidfd.flags.WSTOPPED)",
  ["p:terminate()"] = "p:terminate(60)",
}

-- A child that heeds neither Ctrl-C nor p:terminate(), and the function that
-- waits for it. What follows kills it in the end.
local BEGINNING = [[
  local pidfd = require "pidfd"
  local p, pipes = assert(pidfd.spawn {
    "sh", "-c", "trap '' INT TERM; echo; exec sleep 60 >&-",
    stdout = "pipe", pdeathsig = "KILL",
  })
  pipes.stdout:file():read()
  local function wait()
    return %s
  end
]]

-- Run a program that has the module "unix", and 'wait' as above. Returns what
-- it printed.
local function run(code, program)
  if not compiled.module("unix") then
    pending("needs a C compiler")
  end
  local beginning = "local unix = require 'unix'\n" .. BEGINNING:format(code)
  local output, errors = script.run(beginning .. program)
  assert.equal("", errors)
  return output
end

-- A function that closes the pidfd and lets another process have its number;
-- and one that prints what became of the wait, and whether the other has ended
-- before: it has if that was what the wait looked at.
local REPLACE = [[
  local again = p:dup()
  local other = assert(pidfd.spawn { "sleep", "60" })
  local taken
  local function replace()
    local number = p:fileno()
    p:close()
    taken = {}
    repeat -- lower numbers may be free, too
      taken[#taken + 1] = other:dup()
    until taken[#taken]:fileno() >= number
    assert(taken[#taken]:fileno() == number)
  end
  local function tell(ok, message)
    print(ok, not ok and message:match("closed"), other:poll(0))
    again:send_signal("KILL")
    other:send_signal("KILL")
  end
]]

describe("a debugger's hook", function()
  it("stays, and does not keep from sleeping", function()
    local output = run("p:poll(0.05)", [[
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
      local output = run(waits[name], REPLACE .. [[
        local waiting = { [p.poll] = true, [pidfd.poll] = true,
          [p.wait] = true }
        debug.sethook(function()
          local caller = debug.getinfo(3, "f")
          if caller and waiting[caller.func] and not taken then
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
