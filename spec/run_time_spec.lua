local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local spawned = require "spec.support.spawned"

local function shell(command, options)
  options = options or {}
  options[1], options[2], options[3] = "sh", "-c", command
  return assert(pidfd.run(options))
end

-- The process of this number ends, or has ended.
local function assert_ends(pid)
  local p = pidfd.open(math.tointeger(tonumber(pid)))
  if p then
    assert.is_true(p:poll(60))
    p:close()
  end
end

-- The process of this number still runs. Ends it.
local function assert_lives(pid)
  local p = assert(pidfd.open(math.tointeger(tonumber(pid))))
  assert.is_false(p:poll(0))
  assert(p:send_signal("KILL"))
  assert.is_true(p:poll(60))
  p:close()
end

-- On a busy machine the time may be over before the program has said anything:
-- then it is tried again with more time.
local function in_time(command, options)
  for _, seconds in ipairs { 0.2, 2, 20, 60 } do
    options.timeout = seconds
    local result = shell(command, options)
    assert.is_true(result.timedout)
    assert.is_false(result.ok)
    assert.equal(seconds, result.timeout)
    if result.stdout ~= "" then
      return result
    end
  end
end

describe("the time of pidfd.run()", function()
  it("is over for a program that only sleeps", function()
    local result = assert(pidfd.run { "sleep", "60", timeout = 0.05 })
    assert.is_true(result.timedout)
    assert.same({ "signal", pidfd.signal.TERM }, { result.how, result.code })
    assert.equal("", result.stdout)
    assert.is_not_nil(result.rusage)
  end)

  it("is over at once if it is 0", function()
    local result = assert(pidfd.run { "sleep", "60", timeout = 0 })
    assert.is_true(result.timedout)
  end)

  it("is no matter for one that is faster", function()
    local result = assert(pidfd.run { "echo", "x", timeout = 60 })
    assert.is_true(result.ok)
    assert.is_false(result.timedout)
  end)

  it("is over for one that writes without end", function()
    local result = in_time("exec yes", { limit = 1000 })
    assert.same({ "signal", pidfd.signal.TERM }, { result.how, result.code })
    assert.equal(("y\n"):rep(500), result.stdout)
    assert.is_true(result.truncated)
  end)

  it("is over for one that reads without end", function()
    local result = assert(pidfd.run {
      "cat", input = ("x"):rep(2 ^ 26), stdout = "null", timeout = 0.01,
    })
    assert.is_true(result.ok or result.timedout)
  end)

  it("is over for one that never reads", function()
    local result = in_time("echo x; exec sleep 60",
      { input = ("x"):rep(2 ^ 22) })
    assert.equal("x\n", result.stdout)
  end)

  it("leaves what was written until then", function()
    local result = in_time("echo out; echo err >&2; exec sleep 60", {})
    assert.equal("out\n", result.stdout)
    assert.equal("err\n", result.stderr)
  end)

  it("lets a program end in its own way", function()
    local result = in_time([[
      trap 'head -c 3000000 /dev/zero; exit 3' TERM
      echo x
      while :; do sleep 0.01; done]], { grace = 60 })
    assert.same({ "exit", 3 }, { result.how, result.code })
    assert.equal(3000002, #result.stdout) -- it was read all the time
  end)

  it("lets one that is stopped end in its own way", function()
    local result = in_time("trap 'exit 3' TERM; echo x; kill -STOP $$",
      { grace = 60 })
    assert.same({ "exit", 3 }, { result.how, result.code })
  end)

  it("ends one that ignores SIGTERM by SIGKILL", function()
    local result = in_time("trap '' TERM; echo x; exec sleep 60",
      { grace = 0.01 })
    assert.same({ "signal", pidfd.signal.KILL }, { result.how, result.code })
  end)

  it("ends one that ignores SIGTERM and writes without end", function()
    local result = in_time("trap '' TERM; exec yes",
      { grace = 0.01, limit = 9 })
    assert.same({ "signal", pidfd.signal.KILL }, { result.how, result.code })
  end)

  it("knows no grace of 0 seconds", function()
    local result = in_time("trap '' TERM; echo x; exec sleep 60", { grace = 0 })
    assert.equal("signal", result.how)
  end)

  it("leaves no child", function()
    assert.equal(0, fds.leaked(function()
      assert.is_true(assert(pidfd.run { "sleep", "60", timeout = 0 }).timedout)
    end))
    assert.equal("", spawned.children())
  end)
end)

describe("what a program has started, when the time is over,", function()
  it("ends with it", function()
    local result = in_time("sleep 60 & echo $!; wait", {})
    assert_ends(result.stdout)
    assert.is_false(result.held)
  end)

  it("ends by SIGKILL after the program has ended", function()
    local result = in_time([[
      (trap '' TERM; echo ready >&2; exec sleep 60) & echo $!; wait]],
      { grace = 0.5 })
    assert_ends(result.stdout)
    assert.is_false(result.held)
  end)

  it("has the grace to end", function()
    local result = in_time([[
      (trap 'echo bye; exit' TERM; echo hi
       while :; do sleep 0.01; done) & wait]], { grace = 60 })
    assert.equal("hi\nbye\n", result.stdout)
    assert.equal("signal", result.how)
  end)

  it("lives on with the scope 'process'", function()
    local result = in_time("sleep 60 >/dev/null 2>&1 & echo $!; wait",
      { scope = "process" })
    assert_lives(result.stdout)
  end)

  it("lives on in a session of its own, and holds the output", function()
    local result = in_time([[
      setsid sh -c 'echo $$; exec sleep 60' & wait]], { linger = 0.01 })
    assert.is_true(result.held)
    assert_lives(result.stdout)
  end)

  it("is ended if it holds the output for as long as that", function()
    local result = in_time("sleep 60 & echo $!", { linger = math.huge })
    assert.same({ "exit", 0 }, { result.how, result.code })
    assert_ends(result.stdout)
    assert.is_false(result.held)
  end)
end)

describe("what a program has started, when it has ended,", function()
  it("holds the output for the linger time", function()
    local result = shell("echo x; sleep 60 & echo $! >&2")
    assert.is_true(result.held)
    assert.is_true(result.ok)
    assert.equal("x\n", result.stdout)
    assert_lives(result.stderr)
  end)

  it("holds the output in a session of its own", function()
    local result = shell("setsid sh -c 'echo $$; exec sleep 60' & sleep 0.1",
      { linger = 0 })
    assert.is_true(result.held)
    if result.stdout ~= "" then
      assert_lives(result.stdout)
    end
  end)

  it("is listened to until it ends, if that is in time", function()
    local result = shell("(sleep 0.1; echo late) & echo soon",
      { linger = math.huge })
    assert.equal("soon\nlate\n", result.stdout)
    assert.is_false(result.held)
  end)

  it("does not hold up what collects nothing", function()
    local result = shell("sleep 60 & echo $! >&0", {
      stdout = "null", stderr = "null", stdin = io.tmpfile(),
      linger = math.huge,
    })
    assert.is_false(result.held)
  end)

  it("loses nothing that the program has written", function()
    for _ = 1, 20 do
      local result = shell("head -c 60000 /dev/zero; sleep 60 & echo $! >&2",
        { linger = 0 })
      assert.equal(60000, #result.stdout)
      assert.is_true(result.held)
      assert_lives(result.stderr)
    end
  end)

  it("can write without end, and is left", function()
    local result = shell("yes & echo $! >&2", { linger = 0.05, limit = 10 })
    assert.is_true(result.held)
    assert_ends(result.stderr) -- by SIGPIPE
  end)
end)
