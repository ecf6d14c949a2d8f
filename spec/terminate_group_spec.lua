-- p:terminate() with "group": all that is in the process group.

local child = require "spec.support.child"
local ended = require "spec.support.ended"
local ensure = require "spec.support.ensure"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"

local assert_end = ended.assert

-- Start a shell that leads a group and says the number of a process that it
-- has started there. Call 'use' with the pidfds of the shell and of the other.
local function with_job(command, use)
  local options = {
    "sh", "-c", command, pgroup = 0, stdout = "pipe", stderr = "null",
  }
  spawned.with(options, function(p, pipes)
    local number = math.floor(tonumber((assert(pipes.stdout:lines(60)()))))
    local other = assert(pidfd.open(number))
    ensure(use, function()
      other:send_signal("KILL")
      other:close()
    end, p, other)
  end)
end

local STARTS = "sleep 60 >&- <&- & echo $!; "

-- A group outlives its leader: without the leader it is known since then.
local function need_groups_without_leader()
  if not kernel.at_least(6, 9) then
    pending("needs Linux 6.9")
  end
end

describe("p:terminate() of a group", function()
  it("ends what the process has started", function()
    with_job(STARTS .. "wait", function(p, other)
      assert_end("signal", 15, p:terminate(60, "group"))
      assert.is_true(other:poll(60))
    end)
  end)

  it("leaves it alone for the process only", function()
    for _, scope in ipairs { "process", false } do
      with_job(STARTS .. "wait", function(p, other)
        assert_end("signal", 15, p:terminate(60, scope or nil))
        assert.is_false(other:poll(0.01))
      end)
    end
  end)

  it("waits for all of it", function()
    local command = [[sh -c 'trap "sleep 0.1; exit" TERM; echo $$
      while :; do sleep 0.01; done' & wait]]
    with_job(command, function(p, other)
      assert(p:terminate(60, "group"))
      assert.is_true(other:poll(0))
    end)
  end)

  it("kills what ignores SIGTERM", function()
    with_job("trap '' TERM; " .. STARTS .. "wait", function(p, other)
      assert_end("signal", 9, p:terminate(0.02, "group"))
      assert.is_true(other:poll(60))
    end)
  end)

  it("kills what ignores SIGTERM after the leader has acted on it", function()
    local command = "trap '' TERM; sleep 60 >&- <&- & "
      .. "trap 'exit 3' TERM; echo $!; while :; do sleep 0.01; done"
    with_job(command, function(p, other)
      assert_end("exit", 3, p:terminate(0.2, "group"))
      assert.is_true(other:poll(60))
    end)
  end)

  it("lets what is stopped act on SIGTERM", function()
    local command = STARTS .. "kill -STOP 0; wait"
    with_job(command, function(p, other)
      assert(p:waitid(pidfd.flags.WSTOPPED))
      assert_end("signal", 15, p:terminate(60, "group"))
      assert.is_true(other:poll(60))
    end)
  end)

  it("ends the rest when the leader is over", function()
    with_job(STARTS .. "exit 3", function(p, other)
      assert(p:poll())
      assert_end("exit", 3, p:terminate(60, "group"))
      assert.is_true(other:poll(60))
    end)
  end)

  it("ends the rest when the leader has been waited for", function()
    need_groups_without_leader()
    with_job(STARTS .. "exit 3", function(p, other)
      assert(p:wait())
      assert_end("exit", 3, p:terminate(60, "group"))
      assert.is_true(other:poll(60))
    end)
  end)

  it("fails where it cannot be reached without its leader", function()
    kernel.need_before(6, 9)
    with_job(STARTS .. "exit 3", function(p, other)
      assert(p:wait())
      local value, message, code = p:terminate(0, "group")
      fails("terminate", "EINVAL", value, message, code)
      assert.matches("%(before Linux 6.9%)$", message)
      assert.is_false(other:poll(0.01))
    end)
  end)

  -- /proc would show which members are zombies. The shell reaps them.
  for name, options in sorted {
    ["where /proc is hidden"] = run.without_proc,
    ["where /proc is another namespace's"] =
      "--pid --fork sh -c '\"$@\"; exit' sh",
  } do
    it("waits for all of it " .. name, function()
      need_groups_without_leader() -- or its number comes from /proc
      local output = run.unshared(options, [[
        local p = assert(require("pidfd").spawn {
          "sh", "-c", "trap '' TERM; sleep 60 & exit", pgroup = 0,
        })
        p:poll()
        print(p:terminate(0.05, "group"))
      ]])
      assert.equal("exit\t0\n", output)
    end)
  end

  it("ends it when it knows no number of the leader, and has an own one",
    function()
      need_groups_without_leader()
      if run.is_emulated() then
        pending("an emulator tells no number of a process that was reaped")
      end
      local output = run.under("exec setsid -w", [[
        local pidfd = require "pidfd"
        local p = assert(pidfd.spawn {
          "sh", "-c", "sleep 60 & exit 3", pgroup = 0,
        })
        local q = assert(pidfd.adopt(assert(p:dup()):release()))
        p:wait()
        print(q:terminate(60, "group"))
      ]])
      local known = kernel.at_least(6, 15) -- of one that somebody else reaped
      assert.equal(known and "exit\t3\n" or "unknown\tnil\n", output)
    end)

  it("leaves the leader to its owner with \"peek\"", function()
    with_job(STARTS .. "wait", function(p, other)
      assert_end("signal", 15, p:terminate(60, "group", "peek"))
      assert.is_true(p:send_signal(0)) -- a zombie
      assert.is_true(other:poll(60))
      assert_end("signal", 15, p:terminate(60, "group"))
      assert.equal("ESRCH", pidfd.errno[select(3, p:send_signal(0))])
    end)
  end)

  it("does not wait for a zombie that nobody reaps", function()
    child.running({ "sleep", "60", pgroup = 0 }, function(p)
      local member = { "sleep", "60", pgroup = p:pid() }
      child.running(member, function(q)
        assert_end("signal", 15, p:terminate(60, "group"))
        assert_end("signal", 15, q:wait(0))
      end)
    end)
  end)

  it("returns the end of a job that is over", function()
    child.running({ "sh", "-c", "exit 4", pgroup = 0 }, function(p)
      p:poll()
      assert_end("exit", 4, p:terminate(0, "group"))
      if kernel.at_least(6, 9) then
        assert_end("exit", 4, p:terminate(0, "group"))
      end
    end)
  end)

  it("fails with EINVAL for a process that leads none", function()
    child.with(function(p)
      local value, message, code = p:terminate(0, "group")
      fails("terminate", "EINVAL", value, message, code)
      if kernel.at_least(6, 9) then
        assert.matches("%(it leads no process group%)$", message)
      end
      assert.is_false(p:poll(0.01))
    end)
  end)

  it("fails with EDEADLK for our own", function()
    -- the leader is a process that has started this one
    local output = run.under("exec setsid sh -c '\"$@\"; exit 0' sh", [[
      local pidfd = require "pidfd"
      local pipe = assert(io.popen("exec cat /proc/self/stat"))
      local leader = pipe:read("a"):match("%) %a %d+ (%d+)")
      pipe:close()
      local p = assert(pidfd.open(math.floor(tonumber(leader))))
      local _, message, code = p:terminate(0, "group")
      print(pidfd.errno[code], message:match("%(it is .*%)"))
    ]])
    assert.equal("EDEADLK\t(it is this process's own group)\n", output)
  end)

  -- Our own leader is gone, as in the shell's "true | lua ...". Prints what
  -- becomes of a group whose leader was reaped; as the argument says, by
  -- another pidfd.
  local LEADERLESS = [[
    local await_leaderless = require "spec.programs.leaderless"
    local pidfd = require "pidfd"
    await_leaderless()
    local p = assert(pidfd.spawn {
      "sh", "-c", "sleep 60 >&- & echo $!", pgroup = 0, stdout = "pipe",
    })
    local q = p:dup()
    if arg[1] then
      q:wait()
    else
      p:wait()
    end
    local how, message, code = p:terminate(60, "group")
    print(how, pidfd.errno[code] or message)
    q:terminate(60, "group")
  ]]

  local function run_leaderless(...)
    need_groups_without_leader()
    -- a shell in between, which waits for the leader: its name is "sh"
    return run.under("sh -c '\"$@\"; exit' sh "
      .. "setsid -w sh -c '\"$@\" & exit' sh", LEADERLESS, ...)
  end

  it("ends another group when our own leader is gone", function()
    assert.equal("exit\t0\n", run_leaderless())
  end)

  it("fails with EDEADLK where it cannot be told whether it is ours",
    function()
      assert.equal("nil\tEDEADLK\n", run_leaderless("reaped by another"))
    end)

  for _, word in ipairs { "", "Group", "session", "group\0" } do
    it(("raises for the scope %q, without a signal"):format(word), function()
      child.with(function(p)
        assert.error_matches(function() p:terminate(0, word) end,
          "bad argument #2")
        assert.is_false(p:poll(0.01))
      end)
    end)
  end

  it("raises for a word after it that is not \"peek\"", function()
    child.with(function(p)
      for _, word in ipairs { "group", "peak", 1 } do
        assert.error_matches(function() p:terminate(0, "process", word) end,
          "bad argument")
      end
      assert.is_false(p:poll(0.01))
    end)
  end)

  it("makes no descriptor that stays", function()
    assert.equal(0, fds.leaked(function()
      local p = assert(pidfd.spawn { "true", pgroup = 0 })
      assert(p:terminate(60, "group"))
      p:close()
    end))
  end)
end)
