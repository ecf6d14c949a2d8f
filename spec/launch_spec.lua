local directory = require "spec.support.directory"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local refused = require "spec.support.refused"
local run = require "spec.support.run"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"

-- A number that is not open.
local function unused()
  local highest = 0
  for number in pairs(spawned.ours()) do
    highest = math.max(highest, number)
  end
  return highest + 10
end

-- The number that is opened next.
local function lowest_free()
  local self = assert(pidfd.self())
  local number = self:fileno()
  self:close()
  return number
end

describe("pidfd.spawn() fails at the step execve", function()
  local function with_file(text, mode, use)
    directory.with(function(where)
      local path = where .. "/a program"
      directory.write(path, text, mode)
      use(path)
    end)
  end

  it("with ENOENT for a file that is not there", function()
    refused("ENOENT", "execve /nowhere/at all", { "/nowhere/at all" })
    refused("ENOENT", "execve /nowhere", { "true", path = "/nowhere" })
    refused("ENOENT", "execve ", { "true", path = "" })
    refused("ENOENT", "execve ", { "" })
  end)

  it("with ENOTDIR for a path through a file", function()
    refused("ENOTDIR", "execve /dev/null/x", { "/dev/null/x" })
  end)

  it("with EACCES for a directory", function()
    refused("EACCES", "execve /", { "/" })
  end)

  it("with EACCES for a file that may not be executed", function()
    with_file("#!/bin/sh\n", 644, function(path)
      refused("EACCES", "execve " .. path, { path })
    end)
  end)

  -- What stands in parentheses at the end of the message.
  local function hint(options)
    return select(2, pidfd.spawn(options)):match(" %((.*)%)$")
  end

  it("with ENOENT for a file whose interpreter is not there", function()
    with_file("#!/nowhere\n", 755, function(path)
      refused("ENOENT", "execve " .. path, { path })
      assert.equal('no interpreter "/nowhere"', hint { path })
      local place, name = path:match("^(.*)/(.*)$")
      assert.equal('no interpreter "/nowhere"',
        hint { "./" .. name, cwd = place })
    end)
    with_file("#! /bin/sh\r\necho\r\n", 755, function(path)
      assert.equal([[no interpreter "/bin/sh\r"]], hint { path })
    end)
  end)

  it("with the name of what an interpreter lacks", function()
    directory.with(function(where)
      local lacking, path = where .. "/lacking", where .. "/path"
      directory.write(lacking, "#!/nowhere x\n", 755)
      directory.write(path, "#!" .. lacking .. "\n", 755)
      refused("ENOENT", "execve " .. path, { path })
      assert.equal('no interpreter "/nowhere"', hint { path })
    end)
  end)

  it("with EACCES for an interpreter that may not be executed", function()
    with_file("#!/dev/null\n", 755, function(path)
      refused("EACCES", "execve " .. path, { path })
      assert.equal('interpreter "/dev/null"', hint { path })
    end)
  end)

  it("with ENOENT for a program whose dynamic linker is missing", function()
    directory.with(function(where)
      local path = where .. "/program"
      local compile = "printf 'int main (void) { return 0; }' | cc -x c - "
        .. "-Wl,--dynamic-linker=/nowhere/ld.so -o " .. path
      if not os.execute(compile .. " 2>/dev/null") then
        pending("needs a C compiler")
      end
      refused("ENOENT", "execve " .. path, { path })
      assert.equal('no interpreter "/nowhere/ld.so"', hint { path })
    end)
  end)

  -- A program of 32 bits with one header, of that type, and a short text.
  local function program32(type, text)
    local head = 52 + 32
    return "\127ELF\1\1\1" .. ("\0"):rep(9)
      .. ("<I2I2I4I4I4I4I4I2I2I2I2I2I2"):pack(2, 3, 1, 0, 52, 0, 0, 52, 32, 1,
        0, 0, 0)
      .. ("<I4I4I4I4I4I4I4I4"):pack(type, head, 0, 0, #text, #text, 4, 1)
      .. text
  end

  it("with ENOENT for a program of 32 bits whose linker is missing", function()
    with_file(program32(3, "/nowhere/ld.so\0"), 755, function(path)
      local _, message, code = pidfd.spawn { path }
      if pidfd.errno[code] == "ENOEXEC" then
        pending("needs a kernel that runs programs of 32 bits of a PC")
      end
      assert.equal("ENOENT", pidfd.errno[code])
      assert.matches('%(no interpreter "/nowhere/ld.so"%)$', message)
    end)
  end)

  it("with the bytes of a name that nobody could read", function()
    with_file("#!/nowhere/\1\"\\\127\t\n", 755, function(path)
      refused("ENOENT", "execve " .. path, { path })
      assert.equal([[no interpreter "/nowhere/\001\034\092\127"]],
        hint { path })
    end)
  end)

  it("without a word of interpreters where the file is missing", function()
    assert.is_nil(hint { "/nowhere" })
    assert.is_nil(hint { "/" })
    assert.is_nil(hint { "/dev/null" })
  end)

  it("with ENOEXEC for a file of no known format", function()
    with_file("echo text\n", 755, function(path)
      refused("ENOEXEC", "execve " .. path, { path })
    end)
  end)

  it("with ENAMETOOLONG for a path that is too long", function()
    local path = "/" .. ("x"):rep(5000)
    refused("ENAMETOOLONG", "execve " .. path, { path })
  end)

  it("with E2BIG for an argument that is too long", function()
    local path = "/bin/true"
    refused("E2BIG", "execve " .. path, { path, ("x"):rep(200 * 1024) })
  end)

  it("with E2BIG for too many variables", function()
    local env = {}
    for i = 1, 100 do
      env["V" .. i] = ("x"):rep(100 * 1024)
    end
    refused("E2BIG", "execve /bin/true", { "/bin/true", env = env })
  end)

  it("after all other steps", function()
    refused("ENOENT", "execve /nowhere", {
      "/nowhere", env = {}, cwd = "/", stdin = "pipe", stdout = "pipe",
      stderr = "stdout", fds = { [9] = 0, [3] = 1 }, session = true,
      pdeathsig = "TERM", nnp = true,
    })
  end)
end)

describe("pidfd.spawn() fails at the step chdir", function()
  it("with ENOENT for a directory that is not there", function()
    refused("ENOENT", "chdir /nowhere", { "true", cwd = "/nowhere" })
    refused("ENOENT", "chdir ", { "true", cwd = "" })
  end)

  it("with ENOTDIR for a file", function()
    refused("ENOTDIR", "chdir /dev/null", { "true", cwd = "/dev/null" })
  end)

  it("with EACCES without the right to enter", function()
    assert.equal("EACCES chdir closed:\n", run.as_stranger [[
      local pidfd = require "pidfd"
      local name = os.tmpname()
      os.remove(name)
      os.execute("mkdir -p " .. name .. "/closed; chmod 0 " .. name .. "/*")
      local p, message, code = pidfd.spawn { "true", cwd = name .. "/closed" }
      os.execute("rmdir " .. name .. "/closed " .. name)
      message = message:gsub(name .. "/", "")
      print(p or pidfd.errno[code] .. message:match(" .*:"))
    ]])
  end)
end)

describe("pidfd.spawn() fails at the step dup", function()
  it("with EBADF for a number that is not open", function()
    local number = unused()
    for _, name in ipairs { "stdin", "stdout", "stderr" } do
      refused("EBADF", "dup " .. name, { "true", [name] = number })
    end
    refused("EBADF", "dup fds[3]", { "true", fds = { [3] = number } })
    refused("EBADF", ("dup fds[%d]"):format(number),
      { "true", fds = { [number] = number } })
  end)

  it("with EBADF for a number that a pipe would take next", function()
    local number = lowest_free()
    refused("EBADF", "dup stdout", {
      "true", stdin = "pipe", stdout = number,
    })
    refused("EBADF", "dup fds[3]", {
      "true", stdin = "null", fds = { [3] = number },
    })
  end)

  it("with EBADF for a number that a copy would take next", function()
    local number = lowest_free()
    refused("EBADF", ("dup fds[%d]"):format(number + 9), {
      "true", stdin = 1, stdout = 0, fds = { [number + 9] = number },
    })
  end)

  it("with EBADF for a number that there cannot be", function()
    assert.equal("EBADF dup fds[64]:\n", (run.with_descriptors(64,
      [[
        local start = require "spec.programs.start"
        start { "true", fds = { [64] = 0 } }
      ]])))
  end)

  it("with EMFILE where the child has no number left", function()
    local output = run.with_descriptors(64, [[
      local pidfd = require "pidfd"
      local start = require "spec.programs.start"
      local taken = {}
      repeat
        local p = pidfd.self()
        table.insert(taken, p)
      until not p
      for _ = 1, 3 do -- a pidfd, and a pipe
        table.remove(taken):close()
      end
      local targets = {}
      for i = 1, 10 do
        targets[taken[i]:fileno()] = taken[11 - i]
      end
      start { "true", fds = targets }
    ]])
    assert.matches("^EMFILE dup fds%[%d+%]:\n$", output)
  end)
end)

describe("pidfd.spawn() fails with EMFILE", function()
  local cases = {
    { "pipe2 stdin", 0, "stdin = 'pipe'" },
    { "pipe2 stdin", 1, "stdin = 'pipe'" },
    { "open stdout", 2, "stdin = 'pipe', stdout = 'null'" },
    { "pipe2 stderr", 4, "stdin = 'pipe', stdout = 'pipe', stderr = 'pipe'" },
    { "open /", 1, "stdin = 'null', cgroup = '/'" },
    { "pipe2", 0, "" },
    { "pipe2", 2, "stderr = 'null'" },
    { "clone", 2, "" },
    { "clone", 3, "stderr = 'null'" },
  }

  for _, case in ipairs(cases) do
    local step, spare, options = table.unpack(case)
    it(("at the step %s with %d left: %s"):format(step, spare, options),
      function()
        local output = run.with_descriptors(24, [[
          local full = require "spec.programs.full"
          local options = require "spec.programs.options"
          local start = require "spec.programs.start"
          full.fill(tonumber(arg[1]))
          start(options { "true" })
          os.exit(true, true) -- and give them back
        ]], spare, options)
        assert.equal("EMFILE " .. step .. ":\n", output)
      end)

    it(("but not if the collector finds some, %d left: %s"):format(spare,
      options), function()
      local output = run.with_descriptors(24, [[
        local full = require "spec.programs.full"
        local options = require "spec.programs.options"
        local start = require "spec.programs.start"
        full.fill(tonumber(arg[1]))
        full.held = nil
        start(options { "/nowhere" })
      ]], spare, options)
      assert.not_matches("EMFILE", output)
    end)
  end
end)

describe("pidfd.spawn() fails with ENOMEM", function()
  it("where there is no memory for a copy of the arguments", function()
    if not os.execute("prlimit --as >/dev/null 2>&1") then
      pending("needs prlimit")
    elseif os.getenv("LD_PRELOAD") then
      pending("a sanitizer needs more memory")
    end
    local output = run.under("exec", [[
      local pidfd = require "pidfd"
      local start = require "spec.programs.start"
      local size = 2 ^ 24
      local text = ("x"):rep(size)
      collectgarbage()
      local self = pidfd.self()
      local used = self:proc("status"):match("\nVmSize:%s*(%d+)") * 1024
      os.execute(("prlimit --as=%d --pid %d"):format(used + size / 2,
        self:pid()))
      start { "/bin/true", text }
    ]])
    assert.equal("ENOMEM mmap:\n", output)
  end)
end)

describe("pidfd.spawn() fails with EAGAIN", function()
  it("where the user has too many processes", function()
    if not os.execute("prlimit --nproc >/dev/null 2>&1") then
      pending("needs prlimit")
    end
    assert.equal("EAGAIN clone:\n", run.as_stranger [[
      local pidfd = require "pidfd"
      local start = require "spec.programs.start"
      os.execute("prlimit --nproc=1 --pid " .. pidfd.self():pid())
      start { "true", stdin = "pipe" }
    ]])
  end)
end)

describe("pidfd.spawn() fails without the right", function()
  it("to enter the process group of another session", function()
    spawned.with({ "sleep", "60", session = true }, function(p)
      refused("EPERM", "setpgid", { "true", pgroup = p:pid() })
    end)
  end)

  it("to leave the process group of a session's first process", function()
    refused("EPERM", "setpgid", { "true", session = true, pgroup = 0 })
  end)

  local START = [[
    local options = require "spec.programs.options"
    local start = require "spec.programs.start"
    start(options { "true" })
  ]]

  for key, step in sorted { uid = "setresuid", gid = "setresgid" } do
    it("to change the " .. key, function()
      assert.equal("EPERM " .. step .. ":\n",
        run.as_stranger(START, nil, key .. " = 0"))
    end)
  end

  it("to change the groups", function()
    assert.equal("EPERM setgroups:\n",
      run.as_stranger(START, nil, "groups = {}"))
  end)
end)

describe("pidfd.spawn() fails with EINVAL", function()
  it("for a signal that there is not", function()
    refused("EINVAL", "prctl PR_SET_PDEATHSIG",
      { "true", pdeathsig = 99 })
  end)

  for _, options in ipairs {
    { "/nowhere", autoreap = true },
    { "/nowhere", autoreap = true, autokill = true, nnp = true },
    { "/nowhere", autoreap = true, stdin = "pipe" },
  } do
    local name = options.autokill and "autokill" or "autoreap"
    local beside = options.stdin and ", with a pipe," or ""
    it("for " .. name .. beside .. " before Linux 7.1, and says so", function()
      kernel.need_before(7, 1)
      refused("EINVAL", "clone autoreap, autokill", options)
      assert.matches("Linux 7%.1", (select(2, pidfd.spawn(options))))
    end)
  end
end)

describe("pidfd.spawn() with a cgroup fails", function()
  it("with ENOENT where nothing is", function()
    refused("ENOENT", "open /nowhere", { "true", cgroup = "/nowhere" })
  end)

  it("with ENOTDIR for a file", function()
    refused("ENOTDIR", "open /dev/null",
      { "true", cgroup = "/dev/null" })
  end)

  it("with EBADF for a directory that is none", function()
    local number = unused()
    refused("EBADF", "cgroup /",
      { "true", cgroup = "/", stdin = "pipe" })
    refused("EBADF", "cgroup 0", { "true", cgroup = 0 })
    refused("EBADF", "cgroup " .. number, { "true", cgroup = number })
  end)
end)

describe("pidfd.spawn()", function()
  it("takes arguments of any size, one time after the other", function()
    for _, size in ipairs { 1, 100000, 1, 300000, 1, 100000 } do
      local words, longest = { "true" }, 100000
      for i = 1, math.ceil(size / longest) do
        words[i + 1] = ("x"):rep(math.min(size, longest))
      end
      local p = assert(pidfd.spawn(words))
      assert.equal("exit 0", table.concat({ p:wait() }, " "))
      p:close()
    end
  end)
end)
