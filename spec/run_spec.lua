local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"
local times = require "spec.support.times"

local function shell(command, options)
  options = options or {}
  options[1], options[2], options[3] = "sh", "-c", command
  return assert(pidfd.run(options))
end

describe("pidfd.run()", function()
  it("returns what a program has written, and how it ended", function()
    local result = shell("echo out; echo err >&2")
    assert.equal("out\n", result.stdout)
    assert.equal("err\n", result.stderr)
    assert.is_true(result.ok)
    assert.same({ "exit", 0 }, { result.how, result.code })
    assert.is_false(result.timedout)
    assert.is_false(result.truncated)
    assert.is_false(result.held)
    assert.equal("sh", result.program)
    assert.is_nil(result.timeout)
  end)

  for _, code in ipairs { 1, 2, 127, 128, 255 } do
    it("returns the exit status " .. code, function()
      local result = shell("exit " .. code)
      assert.is_false(result.ok)
      assert.same({ "exit", code }, { result.how, result.code })
    end)
  end

  for _, name in ipairs {
    "HUP", "INT", "QUIT", "ILL", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV",
    "USR2", "PIPE", "ALRM", "TERM", "XCPU", "SYS",
  } do
    it("returns the signal " .. name, function()
      local result = shell("ulimit -c 0; kill -" .. name .. " $$",
        { setenv = { LD_PRELOAD = false } }) -- a sanitizer handles some
      assert.is_false(result.ok)
      assert.same({ "signal", pidfd.signal[name] }, { result.how, result.code })
    end)
  end

  it("returns what the program has used", function()
    local rusage = shell("true").rusage
    assert.equal("number", type(rusage.utime))
    assert.is_true(rusage.maxrss > 0)
  end)

  it("gives it nothing to read", function()
    local result = shell("readlink /proc/self/fd/0; cat")
    assert.equal("/dev/null\n", result.stdout)
  end)

  it("returns what is no text as it is", function()
    local bytes = {}
    for i = 0, 255 do
      bytes[i + 1] = string.char(i)
    end
    local text = table.concat(bytes):rep(300)
    local result = assert(pidfd.run { "cat", input = text })
    assert.is_true(result.stdout == text)
  end)

  it("takes the options of pidfd.spawn()", function()
    local result = shell("echo $A; pwd; umask", {
      env = { A = "1", PATH = "/bin:/usr/bin" }, cwd = "/", path = "/bin/sh",
    })
    assert.matches("^1\n/\n", result.stdout)
  end)

  it("merges stderr into stdout in the right order", function()
    local result = shell("echo 1; echo 2 >&2; echo 3", { stderr = "stdout" })
    assert.equal("1\n2\n3\n", result.stdout)
    assert.is_nil(result.stderr)
  end)

  it("leaves a stream where the caller wants it", function()
    fds.with_file(function(file, number)
      local result = shell("cat; echo out; echo err >&2", {
        stdin = "null", stdout = number, stderr = "null",
      })
      assert.is_nil(result.stdout)
      assert.is_nil(result.stderr)
      file:seek("set")
      assert.equal("out\n", file:read("a"))
    end)
  end)

  it("collects what is said to be a pipe", function()
    local result = shell("cat; echo err >&2", {
      input = "in", stdin = "pipe", stdout = "pipe", stderr = "pipe",
    })
    assert.same({ "in", "err\n" }, { result.stdout, result.stderr })
  end)

  it("does not change the table, or keep it", function()
    local options = { "cat", input = "x", timeout = 60 }
    assert.equal("x", assert(pidfd.run(options)).stdout)
    assert.same({ "cat", input = "x", timeout = 60 }, options)
    assert.equal("x", assert(pidfd.run(options)).stdout)
  end)

  it("gives the program a process group of its own", function()
    local result = shell([[
      read pid name state parent group rest </proc/self/stat
      echo $((group == $$))]])
    assert.equal("1\n", result.stdout)
  end)

  it("leaves it in ours with the scope 'process'", function()
    if run.is_emulated() then
      pending("our own /proc/PID/stat, which an emulator makes up")
    end
    local group = spawned.family(assert(pidfd.self()))
    local command = [[
      read pid name state parent group rest </proc/self/stat; echo $group]]
    assert.equal(group .. "\n", shell(command, { scope = "process" }).stdout)
  end)

  it("takes a session, or pgroup = 0, for a group of its own", function()
    local command = [[
      read pid name state parent group rest </proc/self/stat
      echo $((group == $$))]]
    for _, options in ipairs {
      { session = true }, { pgroup = 0 }, { session = false },
    } do
      assert.equal("1\n", shell(command, options).stdout)
    end
  end)

  it("leaves no descriptor of ours to the program", function()
    local list = assert(pidfd.run { "ls", "/proc/self/fd" }).stdout
    assert.equal("0\n1\n2\n3\n", list) -- the last is of the directory itself
  end)

  it("runs within another's run", function()
    local order = {}
    local lender = {
      fileno = function()
        order[1] = assert(pidfd.run { "echo", "inner" }).stdout
        return 0
      end,
    }
    local result = assert(pidfd.run { "echo", "outer", stdin = lender })
    assert.same({ "inner\n", "outer\n" }, { order[1], result.stdout })
  end)

  it("works in a coroutine", function()
    local result = coroutine.wrap(pidfd.run) { "echo", "x" }
    assert.equal("x\n", result.stdout)
  end)
end)

describe("pidfd.run() fails with", function()
  for _, case in ipairs {
    { "ENOENT", "no such program", { "/nonexistent/program" } },
    { "ENOENT", "no such directory", { "true", cwd = "/nonexistent" } },
    { "EACCES", "a program that cannot be executed", { "/etc/passwd" } },
    { "EBADF", "a descriptor that is not open",
      { "true", stdin = 1000, input = nil } },
  } do
    it(case[1] .. " for " .. case[2], function()
      local result, message, code = pidfd.run(case[3])
      fails("run", case[1], result, message, code)
    end)
  end

  it("nothing left", function()
    assert.equal(0, fds.leaked(function()
      assert.is_nil((pidfd.run { "/nonexistent/program", input = "x" }))
    end))
    assert.equal("", spawned.children())
  end)
end)

describe("pidfd.run() raises for", function()
  for name, options in sorted {
    ["no program"] = {},
    ["an unknown option"] = { "true", limits = 1 },
    ["input that is a number"] = { "true", input = 1 },
    ["input that is a table"] = { "true", input = {} },
    ["input and stdin"] = { "true", input = "", stdin = "null" },
    ["stdin to be written by nobody"] = { "true", stdin = "pipe" },
    ["an unknown scope"] = { "true", scope = "all" },
    ["a scope with a zero in it"] = { "true", scope = "group\0" },
    ["a scope that is a number"] = { "true", scope = 1 },
    ["the scope 'cgroup' without one"] = { "true", scope = "cgroup" },
    ["a group of others"] = { "true", pgroup = 1 },
    ["a limit that is a string"] = { "true", limit = "1" },
    ["a limit below 0"] = { "true", limit = -1 },
    ["a limit that is no integer"] = { "true", limit = 0.5 },
    ["a limit without a limit"] = { "true", limit = math.huge },
    ["a bad option of spawn's"] = { "true", session = 1 },
  } do
    it(name, function()
      local ok, message = pcall(pidfd.run, options)
      assert.is_false(ok)
      assert.matches("bad argument #1 to '[%w_.?]+' %(", message)
    end)
  end

  for _, key in ipairs { "timeout", "grace", "linger" } do
    for _, wrong in ipairs(times.wrong) do
      it(key .. " = " .. wrong.name, function()
        local ok, message = pcall(pidfd.run, { "true", [key] = wrong.value })
        assert.is_false(ok)
        assert.matches(key .. ": ", message)
      end)
    end

    for _, long in ipairs(times.long) do
      it("nothing with " .. key .. " = " .. long.name, function()
        local result = assert(pidfd.run { "true", [key] = long.value })
        assert.is_true(result.ok)
      end)
    end
  end

  it("arguments beside the table", function()
    assert.error(function()
      pidfd.run({ "true" }, 1)
    end)
    assert.error(function()
      pidfd.run("true")
    end)
    assert.error(function()
      pidfd.run()
    end)
  end)
end)

describe("the result of pidfd.run()", function()
  for _, case in ipairs {
    { "sh: exit 0", "exit 0" },
    { "sh: exit 2", "exit 2" },
    { "sh: signal TERM", "kill $$" },
    { "sh: signal 40", "kill -40 $$" },
    { "sh: signal TERM (timed out after 0.5 s)", "exec sleep 60", 0.5 },
  } do
    it("is a line for a person: " .. case[1], function()
      if case[1]:find("%d%d") and run.is_emulated() then
        pending("a real-time signal, whose number an emulator changes")
      end
      assert.equal(case[1], tostring(shell(case[2], { timeout = case[3] })))
    end)
  end

  it("keeps being one whatever is made of it", function()
    local result = shell("exit 2")
    result.program, result.code, result.how = nil, {}, print
    assert.equal("?: ? ?", tostring(result))
    result.how, result.code, result.timedout = "signal", "9", 1
    assert.matches("^%?: signal 9 %(timed out after %? s%)$", tostring(result))
    result.how = "unknown"
    assert.matches("^%?: unknown", tostring(result))
    assert.error(function()
      getmetatable(result).__tostring(1)
    end)
  end)
end)

describe("pidfd.run() a thousand times", function()
  it("leaves no descriptor, no child and no memory", function()
    local output, errors = script.run([[
      local fds = require "spec.support.fds"
      local pidfd = require "pidfd"
      local function status(field)
        for line in io.lines("/proc/self/status") do
          local n = line:match("^" .. field .. ":%s*(%d+)")
          if n then
            return tonumber(n)
          end
        end
      end
      local text = ("x"):rep(100000)
      local function some(n)
        for _ = 1, n do
          local result = pidfd.run { "cat", input = text }
          assert(result.stdout == text and result.ok)
        end
        collectgarbage()
        collectgarbage()
      end
      some(100)
      local before, memory = fds.count(), status("VmRSS")
      some(1000)
      local is_sanitized = os.getenv("ASAN_OPTIONS") -- keeps what was freed
      print(fds.count() - before, is_sanitized ~= nil
        or status("VmRSS") - memory < 4096)
      local children = io.open("/proc/thread-self/children")
      print(children and children:read("a") or "")
    ]])
    assert.equal("", errors)
    assert.equal("0\ttrue\n\n", output)
  end)
end)
