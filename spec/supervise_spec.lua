local ensure = require "spec.support.ensure"
local fds = require "spec.support.fds"
local has = require "spec.support.has"
local pidfd = require "pidfd"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"

local EXAMPLE = "examples/supervise.lua"
local SEED = 20240607

-- How long to wait at most for what has to come at once, on a busy machine.
local PATIENCE = 10

local function now()
  return require("cqueues").monotime()
end

-- Call 'use' with a supervisor: 'p'; and 'log', which the programs write to
-- as well, and which has its end when none of all is left.
local function supervising(config, use)
  fds.with_file(function(file, _, path)
    file:write(config)
    file:close()
    local p, pipes = assert(pidfd.spawn {
      "sh", "-c", "exec " .. script.command(EXAMPLE, path),
      stderr = "pipe", pdeathsig = "KILL",
    })
    local supervisor = { p = p, log = pipes.stderr:file() }
    ensure(use, function()
      p:terminate(0)
      supervisor.log:close()
      p:close()
    end, supervisor)
  end)
end

-- The lines of the log that are still to come, without their time stamps.
local function lines_of(supervisor)
  local nextline = supervisor.log:lines()
  return function()
    local line = nextline()
    return line and line:gsub("^%d+%-%d+%-%d+ %d+:%d+:%d+ ", "")
  end
end

-- Read the log up to the line that matches; returns its captures.
local function await(supervisor, pattern)
  local seen = {}
  for line in lines_of(supervisor) do
    table.insert(seen, line)
    if line:find(pattern) then
      return line:match(pattern)
    end
  end
  error(("no '%s' in:\n%s"):format(pattern, table.concat(seen, "\n")), 0)
end

-- The log from here to its end.
local function rest(supervisor)
  local lines = {}
  for line in lines_of(supervisor) do
    table.insert(lines, line)
  end
  return lines
end

local function await_pid(supervisor, pattern)
  local pid = await(supervisor, pattern)
  return assert(pidfd.open(math.tointeger(tonumber(pid))))
end

local function await_start(supervisor, name)
  return await_pid(supervisor, "^" .. name .. ": started, pid (%d+)$")
end

local function await_starts(supervisor, names)
  local running = {}
  for _, name in ipairs(names) do
    running[name] = await_start(supervisor, name)
  end
  return running
end

local function assert_over(running)
  for name, p in pairs(running) do
    assert.is_true(p:poll(PATIENCE), name)
    p:close()
  end
end

-- Returns what the log tells of it.
local function stop(supervisor, sig)
  assert(supervisor.p:send_signal(sig))
  assert.same({ "exit", 0 }, { supervisor.p:wait(PATIENCE) })
  local reason = await(supervisor, "^stopping: (.+)$")
  return rest(supervisor), reason
end

local THREE = [[return {
  { name = "one", command = { "sleep", "60" }, backoff = 0.01, stable = 0 },
  { name = "two", command = { "sleep", "60" }, backoff = 0.01, stable = 0 },
  { name = "three", command = { "sleep", "60" }, backoff = 0.01, stable = 0 },
}]]
local NAMES = { "one", "two", "three" }

-- Two of which the second ignores TERM, from the moment that it says so.
local STUBBORN = [[return {
  { name = "polite", command = { "sleep", "60" } },
  {
    name = "stubborn", grace = 0.2, command = {
      "sh", "-c", "trap '' TERM; echo deaf: $$ >&2; exec sleep 60",
    },
  },
}]]

local function await_polite_and_stubborn(supervisor)
  return {
    polite = await_start(supervisor, "polite"),
    stubborn = await_pid(supervisor, "^deaf: (%d+)$"),
  }
end

describe("examples/supervise.lua", function()
  if not has("cqueues") then
    return pending("needs cqueues")
  end

  it("starts again what is killed, whatever it is killed by", function()
    local signals = { "KILL", "TERM", "ALRM", "HUP", "USR1" }
    math.randomseed(SEED)
    supervising(THREE, function(supervisor)
      local running = await_starts(supervisor, NAMES)
      for _ = 1, 30 do
        local name = NAMES[math.random(#NAMES)]
        local sig = signals[math.random(#signals)]
        local p = running[name]
        assert(p:send_signal(sig))
        await(supervisor, "^" .. name .. ": ended, signal " .. sig .. "$")
        running[name] = await_start(supervisor, name)
        assert.is_true(p:poll(0))
        p:close()
      end
      for _, name in ipairs(NAMES) do
        assert.is_false(running[name]:poll(0))
      end
      stop(supervisor, "TERM")
      assert_over(running)
    end)
  end)

  for sig, word in sorted { TERM = "Terminated", INT = "Interrupt" } do
    it("stops in reverse order on " .. sig, function()
      supervising(THREE, function(supervisor)
        local running = await_starts(supervisor, NAMES)
        local lines, reason = stop(supervisor, sig)
        assert.equal(word, reason)
        assert.same({
          "three: sent TERM",
          "three: ended, signal TERM",
          "two: sent TERM",
          "two: ended, signal TERM",
          "one: sent TERM",
          "one: ended, signal TERM",
          "all programs are over",
        }, lines)
        assert_over(running)
      end)
    end)
  end

  it("kills what ignores TERM, when the grace is over", function()
    supervising(STUBBORN, function(supervisor)
      local running = await_polite_and_stubborn(supervisor)
      local start = now()
      assert.same({
        "stubborn: sent TERM",
        "stubborn: sent KILL",
        "stubborn: ended, signal KILL",
        "polite: sent TERM",
        "polite: ended, signal TERM",
        "all programs are over",
      }, (stop(supervisor, "TERM")))
      assert.is_true(now() - start >= 0.2)
      assert_over(running)
    end)
  end)

  it("waits twice as long each time, up to a limit", function()
    local start, paused = now(), 0
    supervising([[return {
      {
        name = "bad", command = { "sh", "-c", "exit 3" },
        backoff = 0.02, longest = 0.1,
      },
    }]], function(supervisor)
      for _, seconds in ipairs { 0.02, 0.04, 0.08, 0.1, 0.1 } do
        local told = await(supervisor, "^bad: starts again in (.+) s$")
        assert.equal(seconds, tonumber(told))
        await(supervisor, "^bad: started, pid %d+$")
        paused = paused + seconds
        assert.is_true(now() - start >= paused)
      end
    end)
  end)

  it("waits no longer than at first after a stable time", function()
    -- The example asks for the time twice a run. It stands still but for the
    -- third run, so that it does not matter how fast the machine is.
    local config = [[
      local count = 0
      require("cqueues").monotime = function()
        count = count + 1
        return count < 6 and 0 or 10
      end
      return {
        {
          name = "better", backoff = 0.02, stable = 10,
          command = { "false" },
        },
      }
    ]]
    supervising(config, function(supervisor)
      for _, seconds in ipairs { 0.02, 0.04, 0.02, 0.04 } do
        local told = await(supervisor, "^better: starts again in (.+) s$")
        assert.equal(seconds, tonumber(told))
      end
    end)
  end)

  it("does not wait for a pause when it is stopped", function()
    supervising([[return {
      { name = "once", command = { "true" }, backoff = 60 },
    }]], function(supervisor)
      await(supervisor, "^once: starts again in 60 s$")
      assert.same({ "all programs are over" }, (stop(supervisor, "TERM")))
    end)
  end)

  it("starts again as it is told, and ends when all is over", function()
    supervising([[return {
      { name = "never", command = { "false" }, restart = "never" },
      { name = "well", command = { "true" }, restart = "on-failure" },
    }]], function(supervisor)
      local lines = rest(supervisor)
      assert.matches("^never: started, pid %d+$", lines[1])
      assert.matches("^well: started, pid %d+$", lines[2])
      table.sort(lines)
      assert.equal(5, #lines)
      assert.equal("all programs are over", lines[1])
      assert.equal("never: ended, exit 1", lines[2])
      assert.equal("well: ended, exit 0", lines[4])
      assert.same({ "exit", 0 }, { supervisor.p:wait(PATIENCE) })
    end)
  end)

  it("tries again to start what cannot be started", function()
    supervising([[return {
      { name = "gone", command = { "/nowhere" }, backoff = 0.01 },
    }]], function(supervisor)
      for _ = 1, 3 do
        await(supervisor, "^gone: not started: spawn: execve /nowhere: .")
      end
    end)
  end)

  it("hands on the directory and the environment", function()
    supervising([[return {
      {
        name = "shell", cwd = "/proc", env = { WORD = "open sesame" },
        command = { "/bin/sh", "-c", "echo $PWD: $WORD >&2" },
        restart = "never",
      },
    }]], function(supervisor)
      await(supervisor, "^/proc: open sesame$")
    end)
  end)

  it("leaves no program behind when it is killed", function()
    supervising(STUBBORN, function(supervisor)
      local running = await_polite_and_stubborn(supervisor)
      assert(supervisor.p:send_signal("KILL"))
      assert_over(running)
    end)
  end)

  local mistakes = {
    ["return 1"] = "returns no list",
    ["return { {} }"] = "program 1: no command",
    ["return { { command = 'true' } }"] = "program 1: command: not a table",
    ["return { { name = 'x', restrat = 'never' } }"] =
      "x: unknown key 'restrat'",
    ["return { { command = {}, restart = 'maybe' } }"] =
      "program 1: restart: unknown word",
    ["return { { command = {} } }"] =
      "program 1: [1]: name of a program expected, got nil",
    ["return {}"] = "returns no list",
    ["return { command = { 'true' } }"] = "returns no list",
    ["return { 'true' }"] = "program 1: not a table",
    ["return { { command = { 'true' }, backoff = -1 } }"] =
      "program 1: backoff: not 0 or more",
    ["return { { command = { 'true' }, grace = 0 / 0 } }"] =
      "program 1: grace: not 0 or more",
    ["return { { command = { 'true', 1 } } }"] =
      "program 1: [2]: string expected, got number",
    ["return { { command = { 'true' }, env = { A = 1 } } }"] =
      "program 1: env.A: string expected, got number",
    ["return {"] = "near",
  }
  for config, complaint in sorted(mistakes) do
    it("complains of '" .. config .. "'", function()
      supervising(config, function(supervisor)
        local lines = rest(supervisor)
        assert.equal(1, #lines)
        assert.matches("^supervise: ", lines[1])
        assert.is_truthy(lines[1]:find(complaint, 1, true), lines[1])
        assert.same({ "exit", 1 }, { supervisor.p:wait(PATIENCE) })
      end)
    end)
  end

  it("stops what runs in order when one has a mistake in it", function()
    supervising([[return {
      { name = "one", command = { "sleep", "60" } },
      { name = "two", command = { "sleep", "60" } },
      { name = "bad", command = { "sleep", "60" }, uid = 1.5 },
      { name = "last", command = { "sleep", "60" } },
    }]], function(supervisor)
      await(supervisor, "^one: started, pid %d+$")
      await(supervisor, "^two: started, pid %d+$")
      assert.same({
        "two: sent TERM",
        "two: ended, signal TERM",
        "one: sent TERM",
        "one: ended, signal TERM",
        "supervise: bad: uid: integer from 0 to 4294967294 expected, got 1.5",
      }, rest(supervisor))
      assert.same({ "exit", 1 }, { supervisor.p:wait(PATIENCE) })
    end)
  end)

  it("explains itself when it is called wrongly", function()
    local output, errors, how, code = script.run(EXAMPLE)
    assert.equal("", output)
    assert.matches("^usage: ", errors)
    assert.same({ "exit", 2 }, { how, code })
  end)
end)
