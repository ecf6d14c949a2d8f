-- pidfd.run() where this process's children, descriptors or memory are not
-- what they should be, and where Lua runs in the middle.

local cgroup = require "spec.support.cgroup"
local compiled = require "spec.support.compiled"
local handled = require "spec.support.handled"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local scarce = require "spec.support.scarce"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"

-- What spec/programs/left.lua prints.
local NOTHING_LEFT = "left:\t0\t\n$"

describe("the end of a program that is reaped by somebody else", function()
  it("is no failure where SIGCHLD is ignored", function()
    local output = run.under("exec env --ignore-signal=CHLD", [[
      local pidfd = require "pidfd"
      local left = require "spec.programs.left"
      for _ = 1, 20 do
        local result = assert(pidfd.run { "sh", "-c", "echo x; exit 3" })
        assert(result.stdout == "x\n" and not result.ok and not result.rusage)
        if pidfd.supports("info_exit") then
          assert(result.how == "exit" and result.code == 3)
        else
          assert(result.how == "unknown" and not result.code)
        end
        assert(tostring(result):find("^sh: "))
      end
      local result, _, code = pidfd.run {
        "sh", "-c", "sleep 60 & wait", timeout = 0.1, grace = 60,
      }
      if pidfd.supports("signal_scopes") then
        assert(result.timedout and not result.held)
      else -- the group has no number that is surely its own
        assert(code == pidfd.errno.EINVAL)
      end
      left()
      ]])
    assert.matches("^" .. NOTHING_LEFT, output)
  end)

  it("is no failure where another thread waits for all", function()
    compiled.need("thief")
    local output, errors = script.run([[
      local pidfd, thief = require "pidfd", require "thief"
      assert(thief.start())
      local n = 0
      while thief.count() == 0 or n < 50 do
        n = n + 1
        local result = assert(pidfd.run { "sh", "-c", "echo x; exit 3" })
        assert(result.stdout == "x\n" and not result.ok)
        if pidfd.supports("info_exit") then
          assert(result.how == "exit" and result.code == 3)
        end
      end
      print("done")
    ]])
    assert.equal("", errors)
    assert.equal("done\n", output)
  end)
end)

describe("pidfd.run() with few descriptors", function()
  it("collects garbage first", function()
    assert.equal("returns",
      scarce.with_garbage("", 'pidfd.run { "true", input = "x" }'))
  end)

  it("fails with EMFILE when there is none", function()
    assert.equal("EMFILE",
      scarce.without_garbage("", 'pidfd.run { "true", input = "x" }'))
  end)

  it("leaves none when it fails", function()
    local output = run.with_descriptors(24, [[
      local pidfd = require "pidfd"
      local left = require "spec.programs.left"
      local kept = {}
      for i = 1, 100 do
        local result, message, code = pidfd.run { "cat", input = "x" }
        if not result then
          assert(pidfd.errno[code] == "EMFILE")
          assert(message:find("^run: "))
          break
        end
        kept[i] = assert(pidfd.self())
      end
      assert(#kept < 24)
      for i = 1, #kept do
        kept[i]:close()
      end
      assert(pidfd.run { "cat", input = "x" })
      left()
      ]])
    assert.matches("^" .. NOTHING_LEFT, output)
  end)
end)

describe("a hook in pidfd.run()", function()
  it("runs, and the run goes on", function()
    local output = handled([[
      local alarm = require "spec.programs.alarm"
      local pidfd = require "pidfd"
      local left = require "spec.programs.left"
      local n = 0
      alarm.every(0.001, function()
        n = n + 1
        collectgarbage()
      end, function()
        local text = ("x"):rep(2 ^ 22)
        repeat
          assert(assert(pidfd.run { "cat", input = text }).stdout == text)
        until n > 0
      end)
      left()
    ]])
    assert.matches(NOTHING_LEFT, output)
  end)

  -- The number of the shell's child is in the file $0.
  local jobs = {
    ["ends the job, and the error goes on"] = {
      "trap '' TERM; sleep 60 & echo $! >$0; wait", "",
    },
    ["while it lingers ends the job"] = {
      "sleep 60 & echo $! >$0", "linger = 60",
    },
  }

  for what, job in sorted(jobs) do
    it("that raises " .. what, function()
      local output = handled([[
        local alarm = require "spec.programs.alarm"
        local left = require "spec.programs.left"
        local options = require "spec.programs.options"
        local pidfd = require "pidfd"
        local name = os.tmpname()
        print(pcall(alarm.after, 0.2, function()
          error("enough", 0)
        end, pidfd.run, options { "sh", "-c", arg[1], name }))
        local file = io.open(name)
        local pid = file:read("n")
        file:close()
        os.remove(name)
        local p = pid and pidfd.open(pid)
        assert(not p or p:poll(60))
        if p then
          p:close()
        end
        left()
      ]], job[1], job[2])
      assert.matches("^false\tenough\n" .. NOTHING_LEFT, output)
    end)
  end

  it("that raises while the job is ended kills it", function()
    compiled.need("unix")
    local output = run.under("trap '' TERM; exec", [[
      local alarm = require "spec.programs.alarm"
      local pidfd = require "pidfd"
      local left = require "spec.programs.left"
      print(pcall(alarm.after, 0.3, function()
        error("enough", 0)
      end, pidfd.run, {
        "sleep", "60", keepsignals = { "TERM" }, timeout = 0.1, grace = 60,
      }))
      left()
    ]])
    assert.matches("^false\tenough\n" .. NOTHING_LEFT, output)
  end)

  it("finds nothing to close or to replace", function()
    local output = handled([[
      local alarm = require "spec.programs.alarm"
      local pidfd = require "pidfd"
      local left = require "spec.programs.left"
      local function meddle()
        for level = 1, 20 do
          if not debug.getinfo(level, "f") then
            break
          end
          for i = 1, 30 do
            local name, value = debug.getlocal(level, i)
            if not name then
              break
            end
            if pidfd.type(value) then
              value:close()
            elseif type(value) == "table" and value ~= _G and value ~= pidfd
                and debug.getinfo(level, "S").what == "C" then
              for key in pairs(value) do
                value[key] = nil
              end
            elseif type(value) == "string" and #value > 1000 then
              debug.setlocal(level, i, nil)
            end
          end
        end
        collectgarbage()
        collectgarbage()
      end
      local n = 0
      alarm.every(0.01, meddle, function()
        local made = ("0123456789"):rep(10)
        for _ = 1, 30 do
          local result = pidfd.run {
            "sh", "-c", "sleep 0.02; cat", input = made:rep(20000),
          }
          n = n + (result and 1 or 0)
        end
      end)
      print(n)
      left()
    ]])
    assert.matches("^30\n" .. NOTHING_LEFT, output)
  end)
end)

describe("pidfd.run() with the scope 'cgroup'", function()
  it("ends what has left the session", function()
    cgroup.with(function(path)
      local result = assert(pidfd.run {
        "sh", "-c", "setsid sh -c 'echo $$; exec sleep 60' & wait",
        cgroup = path, scope = "cgroup", timeout = 0.5,
      })
      assert.is_true(result.timedout)
      assert.is_false(result.held)
      local p = pidfd.open(math.tointeger(tonumber(result.stdout)) or 2 ^ 30)
      if p then
        assert.is_true(p:poll(60))
        p:close()
      end
    end)
  end)

  it("leaves what runs in it when the program ends in time", function()
    cgroup.with(function(path)
      local result = assert(pidfd.run {
        "sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!",
        cgroup = path, scope = "cgroup", timeout = 60,
      })
      assert.is_true(result.ok)
      local p = assert(pidfd.open(math.tointeger(tonumber(result.stdout))))
      assert.is_false(p:poll(0))
      assert(p:send_signal("KILL"))
      assert.is_true(p:poll(60))
      p:close()
    end)
  end)
end)
