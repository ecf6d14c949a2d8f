-- The options 'autoreap' and 'autokill' of pidfd.spawn(), on a kernel that has
-- them.

local child = require "spec.support.child"
local ensure = require "spec.support.ensure"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local spawned = require "spec.support.spawned"

local function need_autoreap()
  if not pidfd.supports("autoreap") then
    pending("CLONE_AUTOREAP (Linux 7.1, not on every machine)")
  end
end

-- The letter that /proc has for what the process does, or nil if it is gone.
local function state_of(pid)
  local file = io.open(("/proc/%d/stat"):format(pid))
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text and text:match("%) (%a)")
end

-- A child that waits until it is told to go on, and then ends with that status.
local function with_obedient(status, use)
  local options = { "sh", "-c", "read line; exit " .. status, stdin = "pipe",
    autoreap = true, pdeathsig = "KILL" }
  spawned.with(options, function(p, pipes)
    use(p, function()
      pipes.stdin:close()
    end)
  end)
end

-- Start a sleeper that is killed with its pidfd, and lend that and another
-- pidfd for the same process, which does not keep it alive. The sleeper is
-- over afterwards.
local function with_sleeper(use)
  local p = assert(pidfd.spawn { "sleep", "60", autoreap = true,
    autokill = true, nnp = true, pdeathsig = "KILL" })
  local witness = assert(pidfd.open(p:pid()))
  ensure(use, function()
    witness:send_signal("KILL")
    witness:wait()
    witness:close()
    p:close()
  end, p, witness)
end

local function assert_killed(witness)
  assert.same({ "signal", pidfd.signal.KILL }, { witness:wait(10) })
end

describe("a child from pidfd.spawn() with autoreap", function()
  it("leaves no zombie, though nobody waits for it", function()
    need_autoreap()
    with_obedient(0, function(p, go_on)
      local pid = p:pid()
      assert.is_truthy(state_of(pid))
      go_on()
      assert.truthy(pidfd.poll({ p }, 10))
      -- The kernel removes it right after the pidfd has become ready.
      local deadline = os.time() + 10
      while state_of(pid) and os.time() < deadline do
        assert.not_equal("Z", state_of(pid))
      end
      fails("open", "ESRCH", pidfd.open(pid))
    end)
  end)

  it("still tells how it has exited", function()
    need_autoreap()
    with_obedient(7, function(p, go_on)
      go_on()
      assert.same({ "exit", 7 }, { p:wait(10) })
      assert.same({ "exit", 7 }, { p:wait(0) })
      -- p:wait() may have read it in /proc, right before the child is reaped.
      local deadline, exit = os.time() + 10
      repeat
        exit = p:info().exit
      until exit or os.time() > deadline
      assert.same({ how = "exit", code = 7, core = false }, exit)
    end)
  end)

  it("still tells which signal has ended it", function()
    need_autoreap()
    with_obedient(0, function(p)
      assert(p:send_signal("TERM"))
      assert.same({ "signal", pidfd.signal.TERM }, { p:wait(10) })
    end)
  end)

  it("fails with ECHILD in p:waitid(), which only tells of zombies",
    function()
      need_autoreap()
      with_obedient(0, function(p, go_on)
        go_on()
        assert(p:wait(10))
        fails("waitid", "ECHILD", p:waitid(pidfd.flags.WEXITED))
      end)
    end)

  it("is ended by p:terminate()", function()
    need_autoreap()
    with_obedient(0, function(p)
      assert.same({ "signal", pidfd.signal.TERM }, { p:terminate(10) })
    end)
  end)

  it("sends no SIGCHLD", function()
    need_autoreap()
    local function trace(options)
      return (run.traced("-e trace=none", "require('pidfd').spawn { 'true', "
        .. options .. " }:wait()"))
    end
    assert.matches("SIGCHLD", trace("autoreap = false"))
    assert.not_matches("SIGCHLD", trace("autoreap = true"))
  end)

  it("outlives its pidfd", function()
    need_autoreap()
    with_obedient(3, function(p, go_on)
      local witness = assert(pidfd.open(p:pid()))
      p:close()
      assert.is_false(witness:poll(0))
      go_on()
      assert.same({ "exit", 3 }, { witness:wait(10) })
      witness:close()
    end)
  end)

  it("leaves no descriptor, nor does one that cannot start", function()
    need_autoreap()
    local before = fds.count()
    for _ = 1, 8 do
      local p = assert(pidfd.spawn { "true", autoreap = true })
      assert(p:wait(10))
      p:close()
      fails("spawn", "ENOENT",
        pidfd.spawn { "/nowhere", autoreap = true, stdin = "pipe" })
    end
    assert.equal(before, fds.count())
    -- Its end is told before the kernel has removed it altogether.
    local deadline = os.time() + 10
    repeat
      local left = spawned.children():match("%d")
    until not left or os.time() > deadline
    assert.equal("", spawned.children())
  end)
end)

describe("a child from pidfd.spawn() with autokill", function()
  it("is killed when its pidfd is closed", function()
    need_autoreap()
    with_sleeper(function(p, witness)
      assert.is_false(witness:poll(0))
      p:close()
      assert_killed(witness)
    end)
  end)

  it("is killed when its pidfd is collected", function()
    need_autoreap()
    local p = assert(pidfd.spawn { "sleep", "60", autoreap = true,
      autokill = true, nnp = true })
    local witness = assert(pidfd.open(p:pid()))
    p = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert_killed(witness)
    witness:close()
  end)

  it("lives as long as a duplicate of its pidfd", function()
    need_autoreap()
    with_sleeper(function(p, witness)
      local duplicate = assert(p:dup())
      p:close()
      assert.is_false(witness:poll(0))
      duplicate:close()
      assert_killed(witness)
    end)
  end)

  it("lives as long as a duplicate that another process holds", function()
    need_autoreap()
    with_sleeper(function(p, witness)
      child.running({ "sleep", "60", fds = { [3] = p } }, function(holder)
        p:close()
        assert.is_false(witness:poll(0))
        assert(holder:send_signal("KILL"))
        assert_killed(witness)
      end)
    end)
  end)

  it("does not live for another pidfd of the same process", function()
    need_autoreap()
    with_sleeper(function(p, witness)
      local other = assert(pidfd.open(p:pid()))
      p:close()
      assert_killed(witness)
      other:close()
    end)
  end)

  it("is killed when the process that started it is killed", function()
    need_autoreap()
    local supervisor = script.command([[
      local pidfd = require "pidfd"
      local p = assert(pidfd.spawn { "sleep", "60", autoreap = true,
        autokill = true, nnp = true })
      print(p:pid())
      io.stdout:flush()
      pidfd.self():poll()
    ]])
    child.ready({ "sh", "-c", "exec " .. supervisor }, function(p, said)
      local witness = assert(pidfd.open(math.tointeger(tonumber(said))))
      assert.is_false(witness:poll(0))
      assert(p:send_signal("KILL"))
      assert_killed(witness)
      witness:close()
    end)
  end)

  it("tells how it has ended once it is over, and its pidfd closed",
    function()
      need_autoreap()
      local p, pipes = assert(pidfd.spawn { "sh", "-c", "read line; exit 5",
        stdin = "pipe", autoreap = true, autokill = true, nnp = true })
      local witness = assert(pidfd.open(p:pid()))
      pipes.stdin:close()
      assert.same({ "exit", 5 }, { p:wait(10) })
      p:close()
      assert.same({ "exit", 5 }, { witness:wait(10) })
      witness:close()
    end)

  it("gets no new privileges with nnp", function()
    need_autoreap()
    with_sleeper(function(p)
      assert.equal("1", spawned.status(p, "NoNewPrivs"))
    end)
  end)

  it("fails with EPERM without nnp, for an ordinary user", function()
    need_autoreap()
    local output = run.as_stranger [[
      local pidfd = require "pidfd"
      local options = { "true", autoreap = true, autokill = true }
      local p, _, code = pidfd.spawn(options)
      print(p, pidfd.errno[code])
      options.nnp = true
      print(assert(pidfd.spawn(options)):wait())
    ]]
    assert.equal("nil\tEPERM\nexit\t0\n", output)
  end)

  it("needs no nnp for root", function()
    need_autoreap()
    run.need_root()
    local p = assert(pidfd.spawn { "sleep", "60", autoreap = true,
      autokill = true })
    assert.equal("0", spawned.status(p, "NoNewPrivs"))
    local witness = assert(pidfd.open(p:pid()))
    p:close()
    assert_killed(witness)
    witness:close()
  end)
end)
