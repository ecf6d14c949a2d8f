local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local fails = require "spec.support.fails"
local kernel = require "spec.support.kernel"
local misfits = require "spec.support.misfits"
local partner = require "spec.support.partner"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"
local state = require "spec.support.state"
local threads = require "spec.support.threads"

teardown(compiled.remove)

describe("p:send_signal()", function()
  local delivered = {
    { "TERM", 15 },
    { "SIGTERM", 15 },
    { 15, 15 },
    { 15.0, 15 },
    { "KILL", 9 },
    { "SIGUSR1", pidfd.signal.USR1 },
    { "IO", pidfd.signal.IO },
    { "POLL", pidfd.signal.IO },
    { "RTMIN", pidfd.signal.RTMIN },
    { "SIGRTMIN", pidfd.signal.RTMIN },
    { "RTMIN+0", pidfd.signal.RTMIN },
    { "RTMIN+3", pidfd.signal.RTMIN + 3 },
    { "SIGRTMIN+12", pidfd.signal.RTMIN + 12 },
    { "RTMAX", pidfd.signal.RTMAX },
    { "RTMAX-1", pidfd.signal.RTMAX - 1 },
    { pidfd.signal.RTMAX, pidfd.signal.RTMAX },
  }

  for _, case in ipairs(delivered) do
    local sig, number = case[1], case[2]

    it(("returns true for %q, and sends signal %d"):format(sig, number),
      function()
        child.with(function(p)
          assert.is_true(p:send_signal(sig))
          local how, code = p:wait(60)
          assert.equal("signal", how)
          assert.equal(number, code)
        end)
      end)
  end

  it("signals a process that is not a child", function()
    child.with_grandchild(function(p)
      assert.is_true(p:send_signal("TERM"))
      assert.is_true(p:poll())
    end)
  end)

  it("delivers nothing for signal 0", function()
    child.with(function(p)
      assert.is_true(p:send_signal(0))
      assert.is_false(p:poll(0.01))
    end)
  end)

  it("returns true for a zombie", function()
    child.with_zombie(function(p)
      assert.is_true(p:send_signal(0))
      assert.is_true(p:send_signal("TERM"))
    end)
  end)

  it("fails with ESRCH once the process has been reaped", function()
    child.with_reaped(function(p)
      fails("pidfd_send_signal", "ESRCH", p:send_signal(0))
      fails("pidfd_send_signal", "ESRCH", p:send_signal("TERM"))
    end)
  end)

  it("fails with EPERM for another user's process", function()
    local output = run.as_stranger [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.open(math.tointeger(arg[1])))
      print(pidfd.errno[select(3, p:send_signal(0))])
    ]]
    if not output then
      pending("needs root")
    end
    assert.equal("EPERM\n", output)
  end)

  it("fails with EINVAL for one outside of the pid namespace", function()
    local output = run.in_pid_namespace [[
      local pidfd = require "pidfd"
      print(pidfd.errno[select(3, assert(pidfd.adopt(3)):send_signal(0))])
    ]]
    if not output then
      pending("needs luv, and namespaces of its own")
    end
    assert.equal("EINVAL\n", output)
  end)

  for _, sig in ipairs { 65, 1000, 2 ^ 31 - 1 } do
    it(("fails with EINVAL for signal %d"):format(sig), function()
      child.with(function(p)
        fails("pidfd_send_signal", "EINVAL", p:send_signal(sig))
      end)
    end)
  end

  it("fails with EBADF when somebody else closed the number", function()
    local p = assert(pidfd.self())
    pidfd.adopt(p:fileno()):close()
    fails("pidfd_send_signal", "EBADF", p:send_signal(0))
    p:close()
  end)

  local unknown = {
    "", "term", "Term", "sigterm", "SIG", "SIGSIGTERM", "TERMS", " TERM",
    "TERM\0x", "TERM\0", "NOPE", "0", "15", "RTMIN-1", "RTMAX+1", "RTMIN+31",
    "RTMAX-31", "RTMIN+", "RTMIN+x", "RTMIN+1x", "RTMIN+1\0", "RTMIN++1",
    "RTMIN+-1", "RTMIN+ 1", "RTMIN3", "RT",
    "RTMIN+4294967296", "RTMIN+99999999999999999999",
    "RTMAX-99999999999999999999",
  }

  for _, name in ipairs(unknown) do
    it(("raises for the name %q"):format(name), function()
      child.with(function(p)
        assert.error_matches(function() p:send_signal(name) end,
          name:find("\0", 1, true) and "contains a zero" or "invalid signal")
        assert.is_false(p:poll(0))
      end)
    end)
  end

  for _, case in ipairs(misfits(0)) do
    it("raises for " .. case.name, function()
      local p = assert(pidfd.self())
      assert.error_matches(function()
        p:send_signal(case.value)
      end, "bad argument")
      p:close()
    end)
  end

  it("raises without a signal", function()
    child.with(function(p)
      assert.error_matches(function() p:send_signal() end, "bad argument")
      assert.error_matches(function() p:send_signal(nil) end, "bad argument")
      assert.is_false(p:poll(0))
    end)
  end)

  it("raises for a pidfd.fd", function()
    local p = assert(pidfd.self())
    local fd = assert(p:getfd(p:fileno()))
    assert.error_matches(function() p.send_signal(fd, 0) end, "pidfd expected")
    fd:close()
    p:close()
  end)
end)

describe("the scope of a signal", function()
  local flags = pidfd.flags

  local function need_scopes()
    if not kernel.at_least(6, 9) then
      pending("scopes of signals (Linux 6.9)")
    end
  end

  -- Lend 'use' a process of two threads, which tells who got SIGUSR1: pidfds
  -- of both threads, a function that returns the next to tell, and the ids.
  local function with_threads(argument, use)
    need_scopes()
    local possible = threads.with(argument, function(process, tid)
      local leader = assert(pidfd.open(process.pid, flags.THREAD))
      local second = assert(pidfd.open(tid, flags.THREAD))
      use(leader, second, function()
        return math.tointeger(process.hear())
      end, process.pid, tid)
      leader:close()
      second:close()
    end)
    if not possible then
      pending("needs a C compiler")
    end
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
      fails("pidfd_send_signal", "ESRCH",
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
        fails("pidfd_send_signal", "EINVAL", p:send_signal("TERM", scope))
        assert.is_false(p:poll(0.01))
      end)
    end)
  end

  it("fails with EINVAL before Linux 6.9 if it is no child", function()
    if kernel.at_least(6, 9) then
      pending("this kernel has scopes (since Linux 6.9)")
    end
    child.with_grandchild(function(p)
      for _, name in ipairs { "SIGNAL_THREAD", "SIGNAL_PROCESS_GROUP" } do
        local result, message, code = p:send_signal("TERM", flags[name])
        fails("pidfd_send_signal", "EINVAL", result, message, code)
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

describe("a signal with a value", function()
  -- Tells of the next one: was it queued; the sender's pid and uid; the value.
  local RECEIVER = [[
    local unix, sig = require "unix", math.tointeger(arg[1])
    unix.block(sig)
    print("ready")
    io.stdout:flush()
    print(unix.sigwait(sig))
  ]]

  -- Have 'send' send the signal to a process. Returns what it told.
  local function received(sig, send)
    if not compiled.module("unix") then
      pending("needs a C compiler")
    end
    local command = "exec " .. script.command(RECEIVER, sig)
    local report
    partner.with(command, function(receiver)
      assert.equal("ready", receiver.hear())
      send(receiver.p)
      report = receiver.hear()
    end)
    return report
  end

  local function uid()
    return read("/proc/self/status"):match("\nUid:%s*(%d+)")
  end

  local function report(queued, value)
    return ("%s\t%d\t%s\t%d"):format(queued, child.self(), uid(), value)
  end

  for _, value in ipairs { 42, 0, -1, 2147483647, -2147483648, 7.0 } do
    it(("arrives, with our pid and uid, and %d"):format(value), function()
      assert.equal(report(true, value),
        received(pidfd.signal.RTMIN + 3, function(p)
          assert.is_true(p:send_signal("RTMIN+3", nil, value))
        end))
    end)
  end

  it("comes from the real uid", function()
    -- those that end in 32 are of old machines
    local trace = run.traced("-e trace=pidfd_send_signal" ..
      ",getuid,geteuid,?getuid32,?geteuid32" ..
      " -e inject=getuid,?getuid32:retval=1111" ..
      " -e inject=geteuid,?geteuid32:retval=2222",
      "require('pidfd').self():send_signal('URG', 0, 7)")
    if not trace then
      pending("needs strace")
    end
    assert.matches("si_uid=1111", trace)
  end)

  it("arrives with any signal", function()
    assert.equal(report(true, -5), received(pidfd.signal.USR1, function(p)
      assert.is_true(p:send_signal("USR1", 0, -5))
    end))
  end)

  it("arrives with a scope", function()
    if not kernel.at_least(6, 9) then
      pending("scopes of signals (Linux 6.9)")
    end
    assert.equal(report(true, 9), received(pidfd.signal.USR1, function(p)
      p:send_signal("USR1", pidfd.flags.SIGNAL_THREAD_GROUP, 9)
    end))
  end)

  it("is another than one without, which is not queued", function()
    assert.equal(report(false, 0), received(pidfd.signal.USR1, function(p)
      p:send_signal("USR1")
    end))
  end)

  it("fails with EAGAIN when no more can be queued", function()
    child.after("prlimit --sigpending=0:0 --pid $$", function(p)
      fails("pidfd_send_signal", "EAGAIN", p:send_signal("RTMIN", nil, 1))
    end)
  end)

  for name, value in sorted {
    ["2^31"] = 2147483648,
    ["-2^31 - 1"] = -2147483649,
    ["2^32"] = 4294967296,
    ["a fraction"] = 1.5,
    ["NaN"] = 0 / 0,
    ["infinity"] = math.huge,
    ["a string"] = "1",
    ["true"] = true,
    ["a table"] = {},
  } do
    it("raises for the value " .. name, function()
      child.with(function(p)
        assert.error_matches(function()
          p:send_signal("KILL", nil, value)
        end, "bad argument #3")
        assert.is_false(p:poll(0.01))
      end)
    end)
  end
end)
