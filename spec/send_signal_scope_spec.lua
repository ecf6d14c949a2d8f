local child = require "spec.support.child"
local fails = require "spec.support.fails"
local kernel = require "spec.support.kernel"
local misfits = require "spec.support.misfits"
local pidfd = require "pidfd"
local sorted = require "spec.support.sorted"
local state = require "spec.support.state"
local threads = require "spec.support.threads"

describe("the scope of a signal", function()
  local flags = pidfd.flags

  local function need_scopes()
    kernel.need(6, 9, "scopes of signals")
  end

  -- Lend 'use' a process of two threads, which tells who got SIGUSR1: pidfds
  -- of both threads, a function that returns the next to tell, and the ids.
  local function with_threads(argument, use)
    need_scopes()
    threads.with(argument, function(process, tid)
      local leader = assert(pidfd.open(process.pid, flags.THREAD))
      local second = assert(pidfd.open(tid, flags.THREAD))
      use(leader, second, function()
        return math.tointeger(process.hear())
      end, process.pid, tid)
      leader:close()
      second:close()
    end)
  end

  it("is the thread that the pidfd was opened for", function()
    with_threads("", function(leader, second, who, pid, tid)
      assert.is_true(second:send_signal("USR1"))
      assert.equal(tid, who())
      assert.is_true(leader:send_signal("USR1"))
      assert.equal(pid, who())
    end)
  end)

  it("is that thread with SIGNAL_THREAD", function()
    with_threads("", function(leader, second, who, pid, tid)
      assert.is_true(second:send_signal("USR1", flags.SIGNAL_THREAD))
      assert.equal(tid, who())
      assert.is_true(leader:send_signal("USR1", flags.SIGNAL_THREAD))
      assert.equal(pid, who())
    end)
  end)

  it("is the process with SIGNAL_THREAD_GROUP", function()
    with_threads("leaderless", function(leader, second, who, pid, tid)
      state.await(pid, "Z")
      leader:send_signal("USR1", flags.SIGNAL_THREAD) -- nobody is there
      assert.is_true(leader:send_signal("USR1", flags.SIGNAL_THREAD_GROUP))
      assert.equal(tid, who())
      assert.is_true(second:send_signal("KILL"))
      assert.is_nil(who())
    end)
  end)

  it("is the process group with SIGNAL_PROCESS_GROUP", function()
    child.running({ "sleep", "60", pgroup = 0 }, function(leader)
      local group = leader:pid()
      child.running({ "sleep", "60", pgroup = group }, function(member)
        assert.is_true(leader:send_signal("TERM", flags.SIGNAL_PROCESS_GROUP))
        assert.same({ "signal", 15 }, { leader:wait(60) })
        assert.same({ "signal", 15 }, { member:wait(60) })
      end)
    end)
  end)

  it("is the group of a child that is over, and not reaped", function()
    child.running({ "sleep", "60", pgroup = 0 }, function(leader)
      child.running({ "sleep", "60", pgroup = leader:pid() }, function(member)
        leader:send_signal("KILL")
        leader:poll()
        assert.is_true(leader:send_signal("TERM", flags.SIGNAL_PROCESS_GROUP))
        assert.same({ "signal", 15 }, { member:wait(10) })
      end)
    end)
  end)

  for _, name in ipairs { "SIGNAL_THREAD", "SIGNAL_THREAD_GROUP" } do
    it("is that of a child with " .. name, function()
      child.with(function(p)
        assert.is_true(p:send_signal("TERM", flags[name]))
        assert.same({ "signal", 15 }, { p:wait(10) })
      end)
    end)
  end

  it("fails with ESRCH if the process leads no group", function()
    child.with(function(p)
      fails("send_signal", "ESRCH",
        p:send_signal("TERM", flags.SIGNAL_PROCESS_GROUP))
      assert.is_false(p:poll(0.01))
    end)
  end)

  for name, scope in sorted {
    ["several scopes"] = flags.SIGNAL_THREAD + flags.SIGNAL_PROCESS_GROUP,
    ["all scopes"] = 7,
    ["an unknown flag"] = 0x40000000,
  } do
    it("fails with EINVAL for " .. name, function()
      child.with(function(p)
        fails("send_signal", "EINVAL", p:send_signal("TERM", scope))
        assert.is_false(p:poll(0.01))
      end)
    end)
  end

  it("fails with EINVAL before Linux 6.9 if it is no child", function()
    kernel.need_before(6, 9)
    child.with_grandchild(function(p)
      for _, name in ipairs { "SIGNAL_THREAD", "SIGNAL_PROCESS_GROUP" } do
        local result, message, code = p:send_signal("TERM", flags[name])
        fails("send_signal", "EINVAL", result, message, code)
        assert.matches("%(before Linux 6.9%)$", message)
      end
      assert.is_false(p:poll(0.01))
    end)
  end)

  for _, case in ipairs(misfits(0)) do
    it("raises for " .. case.name, function()
      local p = assert(pidfd.self())
      assert.error_matches(function()
        p:send_signal(0, case.value)
      end, "bad argument #2")
      p:close()
    end)
  end
end)
