local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local ended = require "spec.support.ended"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local language = require "spec.support.language"
local need = require "spec.support.need"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"

local assert_end, assert_told = ended.assert, ended.assert_told
local with_others_zombie = ended.with_others_zombie

-- What a program prints, by spec/programs/outcome.lua.
local function outcome_of(program)
  local output, errors = script.run(program)
  return errors .. output
end

local function told(how, code)
  if not kernel.at_least(6, 15) then
    how, code = "unknown", nil
  end
  return ("%s\t%s\tESRCH\n"):format(how, code)
end

describe("the end of a process", function()
  it("is remembered", function()
    child.shell("exit 3", function(p)
      for _ = 1, 3 do
        assert_end("exit", 3, p:wait())
        assert_end("exit", 3, p:wait(0))
      end
    end)
  end)

  it("is remembered when waitid() has told it", function()
    child.shell("exit 3", function(p)
      local flags = pidfd.flags
      assert.equal("exit", (p:waitid(flags.WEXITED + flags.WNOWAIT)))
      assert.equal("exit", (p:waitid(flags.WEXITED)))
      assert_end("exit", 3, p:wait())
    end)
  end)

  it("is remembered by a duplicate that was made afterwards", function()
    child.shell("exit 3", function(p)
      assert(p:wait())
      local q = assert(p:dup())
      assert_end("exit", 3, q:wait())
      q:close()
    end)
  end)

  it("is told to a duplicate that was made before", function()
    child.shell("exit 3", function(p)
      local q = assert(p:dup())
      assert(p:wait())
      assert_told("exit", 3, q:wait())
      q:close()
    end)
  end)

  it("is told to another pidfd of a process that was reaped", function()
    child.shell("exit 3", function(p, pid)
      local q = assert(pidfd.open(pid))
      assert(p:waitid(pidfd.flags.WEXITED))
      assert_told("exit", 3, q:wait())
      q:close()
    end)
  end)

  it("is not taken from the parent of another's zombie", function()
    with_others_zombie("exit 3", function(p, parent)
      assert_end("exit", 3, p:wait())
      assert.is_true(p:send_signal(0))
      parent.tell("")
      assert.equal("reaped", parent.hear())
      assert_end("exit", 3, p:wait())
    end)
  end)

  it("is told of a child that io.popen's file has reaped", function()
    language.need("status of io.popen's command")
    local file = assert(io.popen("echo $$; exit 3"))
    local p = assert(pidfd.open(tonumber(file:read())))
    local _, how, code = file:close()
    assert_end("exit", 3, how, code)
    assert_told("exit", 3, p:wait())
    p:close()
  end)

  it("is told of a child that luv has reaped", function()
    need("luv")
    assert.equal(told("exit", 3), outcome_of [[
      local pidfd = require "pidfd"
      local outcome = require "spec.programs.outcome"
      local uv = require "luv"
      local _, pid = uv.spawn("sh", { args = { "-c", "exit 3" } },
        function() end)
      local p = assert(pidfd.open(pid))
      uv.run()
      outcome(p)
    ]])
  end)

  it("is told of a child that a waitpid() for any has reaped", function()
    compiled.need("unix")
    assert.equal(told("exit", 3), outcome_of [[
      local pidfd = require "pidfd"
      local outcome = require "spec.programs.outcome"
      local unix = require "unix"
      local p = assert(pidfd.spawn { "sh", "-c", "exit 3" })
      local pid = p:pid()
      assert(unix.waitany() == pid)
      outcome(p)
    ]])
  end)

  it("is told of a child that exits without any signal", function()
    compiled.need("unix")
    local output = outcome_of [[
      local pidfd = require "pidfd"
      local outcome = require "spec.programs.outcome"
      local pid = require("unix").clone(0, 3)
      if pid < 0 then
        print("impossible")
      else
        outcome(assert(pidfd.open(pid)))
      end
    ]]
    if output == "impossible\n" then
      pending("clone(2) without a signal")
    end
    assert.equal("exit\t3\tESRCH\n", output)
  end)

  it("is told where SIGCHLD is ignored", function()
    local output = run.under("trap '' CHLD; exec", [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.spawn { "sh", "-c", "exit 3" })
      print(p:wait(60))
    ]])
    if kernel.at_least(6, 15) then
      assert.equal("exit\t3\n", output)
    else -- if it was seen before it was gone
      assert.is_true(output == "exit\t3\n" or output == "unknown\tnil\n")
    end
  end)

  it("is told of a child that has ended before it was asked for", function()
    child.with_zombie(function(p)
      assert_end("signal", 9, p:wait())
    end)
  end)

  it("is told of one that is reaped only during the wait", function()
    run.need_root()
    kernel.need(6, 15, "the end of a stranger")
    with_others_zombie("exit 3", function(p, parent)
      local output = run.as_stranger([[
        local pidfd = require "pidfd"
        local p = assert(pidfd.open(math.tointeger(arg[2])))
        print(p:wait(0.01))
        local parent = assert(io.open(arg[3], "r+"))
        parent:write("\n")
        parent:close()
        print(p:wait(60))
      ]], nil, p:pid(), parent.path)
      assert.equal("unknown\tnil\nexit\t3\n", output)
    end)
  end)

  it("is unknown, at the latest when the time is over, to strangers",
    function()
      run.need_root()
      with_others_zombie("exit 3", function(p)
        local output = run.as_stranger([[
          local pidfd = require "pidfd"
          local p = assert(pidfd.open(math.tointeger(arg[2])))
          print(p:wait(0))
          print(p:wait(0.05))
        ]], nil, p:pid())
        assert.equal("unknown\tnil\nunknown\tnil\n", output)
      end)
    end)

  it("does not depend on NONBLOCK", function()
    child.with(function(p, pid)
      local q = assert(pidfd.open(pid, pidfd.flags.NONBLOCK))
      fails("wait", "ETIMEDOUT", q:wait(0.01))
      p:send_signal("KILL")
      assert_end("signal", 9, q:wait())
      q:close()
    end)
  end)

  it("does not depend on luv, which sets O_NONBLOCK", function()
    need("luv")
    local uv = require "luv"
    child.with(function(p)
      local poll = uv.new_poll(p:fileno())
      poll:close()
      uv.run()
      assert.is_true(fds.has(p:fileno(), "NONBLOCK"))
      fails("wait", "ETIMEDOUT", p:wait(0.01))
      p:send_signal("KILL")
      assert_end("signal", 9, p:wait())
    end)
  end)
end)
