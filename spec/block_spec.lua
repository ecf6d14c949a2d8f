local handled = require "spec.support.handled"
local need = require "spec.support.need"
local sleeps = require "spec.support.sleeps"

-- Run a program that waits by the way of that name. Returns what it printed.
local function run(name, program)
  return (handled(program, name))
end

describe("a signal handler of another library", function()
  for _, name in ipairs(sleeps) do
    it("runs during " .. name .. ", which goes on then", function()
      local output = run(name, [[
        local alarm = require "spec.programs.alarm"
        local waiting = require "spec.programs.waiting"
        local p = waiting.p
        local over = alarm.after(0.02, function()
          print("handled")
          p:send_signal(waiting.ending)
        end, waiting.wait)
        print(over and "over")
        p:send_signal("KILL")
      ]])
      assert.equal("handled\nover\n", output)
    end)

    -- Each run of the handler sets the timer again: a signal that is missed is
    -- the last one. The times differ, so that some signals come between the
    -- look at the hooks and the sleep. LuaJIT loses a hook that is set while it
    -- begins to record a trace.
    it("misses no signal during " .. name, function()
      local output = run(name, [[
        if rawget(_G, "jit") then
          require("jit").off()
        end
        local alarm = require "spec.programs.alarm"
        local waiting = require "spec.programs.waiting"
        local p, times = waiting.p, 0
        local over = alarm.after(0.02, function()
          times = times + 1
          if times == 400 then
            p:send_signal(waiting.ending)
          else
            alarm.again(times % 100 / 1e6 + 1e-6)
          end
        end, waiting.wait)
        print(over and times)
        p:send_signal("KILL")
      ]])
      assert.equal("400\n", output)
    end)

    it("that raises ends " .. name, function()
      local output = run(name, [[
        local alarm = require "spec.programs.alarm"
        local waiting = require "spec.programs.waiting"
        print(pcall(alarm.after, 0.02, function()
          error("enough", 0)
        end, waiting.wait))
        waiting.p:send_signal("KILL")
      ]])
      assert.equal("false\tenough\n", output)
    end)

    it("that closes the pidfd ends " .. name, function()
      local output = run(name, [[
        local alarm = require "spec.programs.alarm"
        local waiting = require "spec.programs.waiting"
        local p = waiting.p
        local again = p:dup()
        local ok, message = pcall(alarm.after, 0.02, function()
          p:close()
        end, waiting.wait)
        print(ok, message:match("closed"))
        again:send_signal("KILL")
      ]])
      assert.equal("false\tclosed\n", output)
    end)
  end

  for _, name in ipairs(sleeps) do
    it("that lets another have the number ends " .. name, function()
      local output = run(name, [[
        local alarm = require "spec.programs.alarm"
        local waiting = require "spec.programs.waiting"
        local replace, tell = waiting.replacing()
        tell(pcall(alarm.after, 0.02, replace, waiting.wait))
      ]])
      assert.equal("false\tclosed\tfalse\n", output)
    end)
  end

  it("runs in a coroutine that waits, once", function()
    local output = run("p:wait()", [[
      local alarm = require "spec.programs.alarm"
      local waiting = require "spec.programs.waiting"
      local p, thread = waiting.p, coroutine.create(alarm.after)
      print(coroutine.resume(thread, 0.02, function()
        print("handled", coroutine.running() == thread)
        p:send_signal("KILL")
      end, waiting.wait))
      for _ = 1, 1000 do
        assert(p:poll(60))
      end
    ]])
    assert.equal("handled\ttrue\ntrue\tsignal\t9\n", output)
  end)

  it("runs for each signal that comes", function()
    local output = run("p:wait()", [[
      local alarm = require "spec.programs.alarm"
      local waiting = require "spec.programs.waiting"
      local count = 0
      print(alarm.every(0.01, function()
        count = count + 1
        if count == 5 then
          waiting.p:send_signal("KILL")
        end
      end, waiting.wait))
      print(count >= 5)
    ]])
    assert.equal("signal\t9\ntrue\n", output)
  end)

  local missed = {
    "p:poll()", "p:poll(60)", "pidfd.poll()", "p:wait()", "p:waitid()",
    "p:terminate()",
  }

  for _, name in ipairs(missed) do
    it("runs at once if the signal came just before " .. name, function()
      local output = run("ALRM, " .. name, [[
        local waiting = require "spec.programs.waiting"
        local unix = require "unix"
        local p, wait = waiting.p, waiting.wait
        unix.handle(waiting.ALRM, function()
          error("in time", 0)
        end)
        print(pcall(wait))
        p:send_signal("KILL")
      ]])
      assert.equal("false\tin time\n", output)
    end)
  end

  for _, name in ipairs(missed) do
    it("that lets another have the number before the sleep ends " .. name,
      function()
        local output = run("ALRM, " .. name, [[
          local waiting = require "spec.programs.waiting"
          local unix = require "unix"
          local wait = waiting.wait
          local replace, tell = waiting.replacing()
          unix.handle(waiting.ALRM, replace)
          tell(pcall(wait))
        ]])
        assert.equal("false\tclosed\tfalse\n", output)
      end)
  end

  it("runs at once if the signal came just before, in a coroutine", function()
    local output = run("ALRM, p:wait()", [[
      local waiting = require "spec.programs.waiting"
      local unix = require "unix"
      local p, wait = waiting.p, waiting.wait
      unix.handle(waiting.ALRM, function()
        error("in time", 0)
      end)
      print(coroutine.resume(coroutine.create(wait)))
      p:send_signal("KILL")
    ]])
    assert.equal("false\tin time\n", output)
  end)
end)

describe("a storm of signals", function()
  local timed = { "p:poll", "pidfd.poll", "p:wait", "p:terminate" }

  for _, name in ipairs(timed) do
    it("neither shortens nor prolongs the time-out of " .. name, function()
      local output = run(name .. "(0.3)", [[
        local alarm = require "spec.programs.alarm"
        local unix = require "unix"
        local waiting = require "spec.programs.waiting"
        local count, start, elapsed = 0, nil, nil
        local right = alarm.every(0.001, function()
          count = count + 1
        end, function()
          start = unix.now()
          local result = waiting.wait()
          elapsed = unix.now() - start
          return result
        end)
        waiting.p:send_signal("KILL")
        print(right, elapsed >= 0.3 and elapsed < 60 or elapsed, count > 0)
      ]])
      assert.equal("true\ttrue\ttrue\n", output)
    end)
  end
end)

-- In a process that has other threads, which block no signal, any of them may
-- be the one that runs the handler. Here it always is: the waiting thread
-- blocks the signal, also while it sleeps.
describe("a signal that another thread handles", function()
  for _, name in ipairs(sleeps) do
    it("runs its hook during " .. name, function()
      need("luv")
      local output = run(name, [[
        local alarm = require "spec.programs.alarm"
        local unix = require "unix"
        local uv = require "luv"
        local waiting = require "spec.programs.waiting"
        local p = waiting.p
        uv.new_thread(function() require("luv").sleep(60000) end)
        unix.block(waiting.ALRM)
        local over = alarm.after(0.05, function()
          p:send_signal(waiting.ending)
          print("handled")
        end, waiting.wait)
        print(over and "over")
        p:send_signal("KILL")
        os.exit()
      ]])
      assert.equal("handled\nover\n", output)
    end)
  end
end)
