local compiled = require "spec.support.compiled"
local has = require "spec.support.has"
local pidfd = require "pidfd"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"

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

local ALRM = pidfd.signal.ALRM

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

describe("a signal handler of another library", function()
  for name, code in sorted(waits) do
    it("runs during " .. name .. ", which goes on then", function()
      local output = run(code, ([[
        unix.handle(%d, function()
          print("handled")
          p:send_signal("%s")
        end)
        unix.alarm(0.02, 0)
        print(wait() and "over")
        p:send_signal("KILL")
      ]]):format(ALRM, name:find("stop") and "STOP" or "KILL"))
      assert.equal("handled\nover\n", output)
    end)

    -- Each call asks for the next: one that were slept through would be the
    -- last. Most moments are tried, and so those between looking and sleeping.
    it("misses no signal during " .. name, function()
      local output = run(code, ([[
        local times = 0
        unix.handle(%d, function()
          times = times + 1
          if times == 400 then
            p:send_signal("%s")
          else
            unix.alarm(times %% 100 / 1e6 + 1e-6, 0)
          end
        end)
        unix.alarm(0.02, 0)
        print(wait() and times)
        p:send_signal("KILL")
      ]]):format(ALRM, name:find("stop") and "STOP" or "KILL"))
      assert.equal("400\n", output)
    end)

    it("that raises ends " .. name, function()
      local output = run(code, ([[
        unix.handle(%d, function()
          error("enough", 0)
        end)
        print(pcall(function()
          unix.alarm(0.02, 0)
          return wait()
        end))
        p:send_signal("KILL")
      ]]):format(ALRM))
      assert.equal("false\tenough\n", output)
    end)

    it("that closes the pidfd ends " .. name, function()
      local output = run(code, ([[
        local again = p:dup()
        unix.handle(%d, function()
          p:close()
        end)
        unix.alarm(0.02, 0)
        local ok, message = pcall(wait)
        print(ok, message:match("closed"))
        again:send_signal("KILL")
      ]]):format(ALRM))
      assert.equal("false\tclosed\n", output)
    end)
  end

  for name, code in sorted(waits) do
    it("that lets another have the number ends " .. name, function()
      local output = run(code, REPLACE .. ([[
        unix.handle(%d, replace)
        unix.alarm(0.02, 0)
        tell(pcall(wait))
      ]]):format(ALRM))
      assert.equal("false\tclosed\tfalse\n", output)
    end)
  end

  it("runs in a coroutine that waits, once", function()
    local output = run("p:wait()", ([[
      local waiting
      unix.handle(%d, function()
        print("handled", coroutine.running() == waiting)
        p:send_signal("KILL")
      end)
      waiting = coroutine.create(function()
        unix.alarm(0.02, 0)
        return wait()
      end)
      print(coroutine.resume(waiting))
      for _ = 1, 1000 do
        assert(p:poll(60))
      end
    ]]):format(ALRM))
    assert.equal("handled\ttrue\ntrue\tsignal\t9\n", output)
  end)

  it("runs for each signal that comes", function()
    local output = run("p:wait()", ([[
      local count = 0
      unix.handle(%d, function()
        count = count + 1
        if count == 5 then
          p:send_signal("KILL")
        end
      end)
      unix.alarm(0.01, 0.01)
      print(wait())
      unix.alarm(0, 0)
      print(count >= 5)
    ]]):format(ALRM))
    assert.equal("signal\t9\ntrue\n", output)
  end)

  local missed = {
    ["p:poll()"] = "unix.raise(%d, p.poll, p)",
    ["p:poll(60)"] = "unix.raise(%d, p.poll, p, 60)",
    ["pidfd.poll()"] = "unix.raise(%d, pidfd.poll, { p })",
    ["p:wait()"] = "unix.raise(%d, p.wait, p)",
    ["p:waitid()"] = "unix.raise(%d, p.waitid, p, pidfd.flags.WSTOPPED)",
    ["p:terminate()"] = "unix.raise(%d, p.terminate, p, 60)",
  }

  for name, code in sorted(missed) do
    it("runs at once if the signal came just before " .. name, function()
      local output = run(code:format(ALRM), ([[
        unix.handle(%d, function()
          error("in time", 0)
        end)
        print(pcall(wait))
        p:send_signal("KILL")
      ]]):format(ALRM))
      assert.equal("false\tin time\n", output)
    end)
  end

  for name, code in sorted(missed) do
    it("that lets another have the number before the sleep ends " .. name,
      function()
        local output = run(code:format(ALRM), REPLACE .. ([[
          unix.handle(%d, replace)
          tell(pcall(wait))
        ]]):format(ALRM))
        assert.equal("false\tclosed\tfalse\n", output)
      end)
  end

  it("runs at once if the signal came just before, in a coroutine", function()
    local output = run(missed["p:wait()"]:format(ALRM), ([[
      unix.handle(%d, function()
        error("in time", 0)
      end)
      print(coroutine.resume(coroutine.create(wait)))
      p:send_signal("KILL")
    ]]):format(ALRM))
    assert.equal("false\tin time\n", output)
  end)
end)

describe("a storm of signals", function()
  local timed = {
    ["p:poll()"] = "p:poll(0.3) == false",
    ["pidfd.poll()"] = "#pidfd.poll({ p }, 0.3) == 0",
    ["p:wait()"] = "select(3, p:wait(0.3)) == pidfd.errno.ETIMEDOUT",
    ["p:terminate()"] = "select(2, p:terminate(0.3)) == 9",
  }

  for name, code in sorted(timed) do
    it("neither shortens nor prolongs the time-out of " .. name, function()
      local output = run(code, ([[
        local count = 0
        unix.handle(%d, function()
          count = count + 1
        end)
        unix.alarm(0.001, 0.001)
        local start = unix.now()
        local right = wait()
        local elapsed = unix.now() - start
        unix.alarm(0, 0)
        p:send_signal("KILL")
        print(right, elapsed >= 0.3 and elapsed < 60 or elapsed, count > 0)
      ]]):format(ALRM))
      assert.equal("true\ttrue\ttrue\n", output)
    end)
  end
end)

-- In a process that has other threads, which block no signal, any of them may
-- be the one that runs the handler. Here it always is: the waiting thread
-- blocks the signal, also while it sleeps.
describe("a signal that another thread handles", function()
  for name, code in sorted(waits) do
    it("runs its hook during " .. name, function()
      if not has("luv") then
        pending("needs luv")
      end
      local output = run(code, ([[
        local uv = require "luv"
        uv.new_thread(function() require("luv").sleep(60000) end)
        unix.handle(%d, function()
          p:send_signal("%s")
          print("handled")
        end)
        unix.block(%d)
        unix.alarm(0.05, 0)
        print(wait() and "over")
        p:send_signal("KILL")
        os.exit()
      ]]):format(ALRM, name:find("stop") and "STOP" or "KILL", ALRM))
      assert.equal("handled\nover\n", output)
    end)
  end
end)
