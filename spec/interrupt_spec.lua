local child = require "spec.support.child"
local sorted = require "spec.support.sorted"
local terminal = require "spec.support.terminal"

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

local function need_terminal()
  if not terminal.exists() then
    pending("needs script(1), which makes a terminal")
  end
end

describe("Ctrl-C", function()
  for name, code in sorted(waits) do
    it("interrupts " .. name, function()
      need_terminal()
      local output = terminal.interrupt(BEGINNING:format(code) .. [[
        ready()
        local ok, message = pcall(wait)
        p:send_signal("KILL")
        print(ok, message)
      ]])
      assert.matches("false\t[^\n]*interrupted!\n$", output)
    end)

    it("interrupts " .. name .. " in a coroutine, once", function()
      need_terminal()
      local output = terminal.interrupt(BEGINNING:format(code) .. [[
        ready()
        local ok, message = coroutine.resume(coroutine.create(wait))
        p:send_signal("KILL")
        print(ok, message)
      ]])
      assert.matches("false\t[^\n]*interrupted!\n$", output)
    end)
  end

  it("ends a script that does not expect it", function()
    need_terminal()
    child.with(function(_, pid)
      local output, how, code = terminal.interrupt([[
        local p = require("pidfd").open(math.tointeger(arg[1]))
        ready()
        p:wait()
      ]], pid)
      assert.matches("interrupted!\n", output)
      assert.equal("exit 1", how .. " " .. code)
    end)
  end)
end)
