local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local reused = require "spec.support.reused"
local run = require "spec.support.run"
local scarce = require "spec.support.scarce"
local state = require "spec.support.state"
local threads = require "spec.support.threads"

teardown(compiled.remove)

describe("p:link()", function()
  local self

  before_each(function()
    self = assert(pidfd.self())
  end)

  after_each(function()
    self:close()
  end)

  it("returns where a link of the process leads", function()
    child.stopped({ cwd = "/usr" }, function(p)
      local pid = p:pid()
      assert.equal("/usr", p:link("cwd"))
      assert.equal("/", p:link("root"))
      assert.matches("^/.*sh$", (p:link("exe")))
      assert.equal("/usr", p:link(("task/%d/cwd"):format(pid)))
    end)
  end)

  it("returns what a descriptor is", function()
    child.holding("9</dev/null 8>&1", function(p)
      assert.equal("/dev/null", p:link("fd/9"))
      assert.matches("^pipe:%[%d+%]$", (p:link("fd/8")))
      assert.same(p:fds()[9], p:link("fd/9"))
    end)
  end)

  it("returns the name of a namespace", function()
    child.with(function(p)
      for _, kind in ipairs { "net", "mnt", "pid", "user", "uts" } do
        local name = assert(p:link("ns/" .. kind))
        assert.matches("^" .. kind .. ":%[%d+%]$", name)
        assert.equal(self:link("ns/" .. kind), name)
      end
    end)
  end)

  it("returns what is mapped", function()
    child.stopped({}, function(p)
      local first = assert(p:list("map_files"))[1]
      assert.matches("^/", (p:link("map_files/" .. first)))
    end)
  end)

  it("returns that a file is deleted, and its name as it is", function()
    local path = os.tmpname()
    assert(os.rename(path, path .. "\nmore"))
    child.holding("9<'" .. path .. "\nmore'", function(p)
      os.remove(path .. "\nmore")
      assert.equal(path .. "\nmore (deleted)", p:link("fd/9"))
    end)
  end)

  it("returns those of a process whose first thread has ended", function()
    local possible = threads.with("leaderless", function(process)
      state.await(process.pid, "Z")
      assert.matches("/threads$", (process.p:link("exe")))
      assert.equal(self:link("cwd"), process.p:link("cwd"))
      assert.equal(self:link("ns/net"), process.p:link("ns/net"))
      assert.equal(process.p:fds()[0], process.p:link("fd/0"))
      fails("link", "ENOENT", process.p:link("fd/77"))
      fails("link", "ENOENT", process.p:link("nonesuch"))
      process.tell("exit")
      process.p:poll()
      fails("link", "ESRCH", process.p:link("exe"))
    end)
    if not possible then
      pending("needs a C compiler")
    end
  end)

  it("fails with ESRCH for a zombie", function()
    child.with_zombie(function(p)
      for _, name in ipairs { "exe", "cwd", "root", "ns/net", "fd/0" } do
        fails("link", "ESRCH", p:link(name))
      end
    end)
  end)

  it("fails with ESRCH for a process that was reaped", function()
    child.with_reaped(function(p)
      fails("link", "ESRCH", p:link("exe"))
      fails("link", "ESRCH", p:link("nonesuch"))
    end)
  end)

  it("fails with ESRCH where another process has the number", function()
    local output = reused.run [[
      local reused = require "spec.programs.reused"
      local errno, start, replace = reused.errno, reused.start, reused.replace
      local old = start()
      local new = replace(old)
      print(new:link("exe") ~= nil, errno(old:link("exe")))
    ]]
    assert.equal("true\tESRCH\n", output)
  end)

  -- For a moment it has no memory any more, and then belongs to root.
  it("fails with ESRCH, or EACCES, while the process ends", function()
    for _ = 1, 20 do
      child.with(function(p)
        local exe = p:link("exe")
        p:send_signal("KILL")
        repeat
          local ended = p:poll(0)
          local target, _, code = p:link("exe")
          local errno = pidfd.errno[code]
          assert.is_true(target == exe or errno == "ESRCH"
            or errno == "EACCES" or errno == "ENOENT" and not ended)
        until ended
      end)
    end
  end)

  it("fails with EACCES for another user's process, and says why", function()
    local output = run.as_stranger [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.open(math.tointeger(arg[1])))
      for _, name in ipairs { "exe", "cwd", "ns/net", "fd/0" } do
        local _, message, code = p:link(name)
        print(pidfd.errno[code], message)
      end
    ]]
    if not output then
      pending("needs root")
    end
    -- An emulator does not let through what tells why.
    local why = run.is_emulated() and "" or ": it is of user 0"
    assert.equal(4, select(2, output:gsub(
      "EACCES\tlink: Permission denied" .. why, "")), output)
  end)

  it("fails with EINVAL for what is no link", function()
    for _, name in ipairs { "stat", "task", ".", "ns", "net/unix" } do
      fails("link", "EINVAL", self:link(name))
    end
  end)

  it("fails with ENOENT for a link that does not exist", function()
    for _, name in ipairs { "nonesuch", "fd/77777", "ns/nonesuch" } do
      fails("link", "ENOENT", self:link(name))
    end
  end)

  it("fails with ENOTDIR below a file", function()
    fails("link", "ENOTDIR", self:link("comm/comm"))
  end)

  it("fails with ELOOP below a link", function()
    for _, name in ipairs { "root/proc/self", "cwd/x", "fd/0/x", "exe/x" } do
      fails("link", "ELOOP", self:link(name))
    end
  end)

  it("fails with ENAMETOOLONG for too long a name", function()
    fails("link", "ENAMETOOLONG", self:link(("x"):rep(5000)))
  end)

  it("fails with ENOENT where /proc is hidden", function()
    local output = run.unshared(run.without_proc, [[
      local pidfd = require "pidfd"
      print(pidfd.errno[select(3, assert(pidfd.self()):link("exe"))])
    ]])
    if not output then
      pending("needs namespaces of its own")
    end
    assert.equal("ENOENT\n", output)
  end)

  it("fails with EREMOTE for one outside of the pid namespace", function()
    local output = run.in_pid_namespace [[
      local pidfd = require "pidfd"
      print(pidfd.errno[select(3, assert(pidfd.adopt(3)):link("exe"))])
    ]]
    if not output then
      pending("needs luv, and namespaces of its own")
    end
    assert.equal("EREMOTE\n", output)
  end)

  it("fails with ENOSYS where openat2 is missing", function()
    local prefix = run.refusing(437, "ENOSYS")
    if not prefix then
      pending("needs a C compiler")
    end
    local output = run.under(prefix, [[
      local pidfd = require "pidfd"
      print(pidfd.errno[select(3, assert(pidfd.self()):link("exe"))])
    ]])
    if output == "" then
      pending("needs seccomp filters")
    end
    assert.equal("ENOSYS\n", output)
  end)

  it("fails with EBADF when somebody else closed the number", function()
    local p = assert(pidfd.self())
    pidfd.adopt(p:fileno()):close()
    fails("link", "EBADF", p:link("exe"))
    p:close()
  end)

  for _, name in ipairs {
    "", "/", "/etc/passwd", "..", "../1/exe", "task/..", "exe/", "fd//0",
    "exe\0", "exe\0/..",
  } do
    it(("raises for the name %q"):format(name), function()
      assert.error_matches(function() self:link(name) end,
        "bad argument #1.*" ..
          (name:find("%z") and "contains a zero" or "not the name of a file"))
    end)
  end

  it("raises for what is no string, or no open pidfd", function()
    for _, value in ipairs { 1, 0.5, true, {}, print } do
      assert.error_matches(function() self:link(value) end, "bad argument #1")
    end
    assert.error_matches(function() self:link() end, "bad argument #1")
    local fd = assert(self:getfd(0))
    assert.error_matches(function() self.link(fd, "exe") end,
      "pidfd expected")
    fd:close()
    local p = assert(pidfd.self())
    p:close()
    assert.error_matches(function() p:link("exe") end, "closed pidfd")
  end)

  it("makes no descriptor that stays", function()
    child.with_reaped(function(p)
      assert.equal(0, fds.leaked(function()
        assert(self:link("exe"))
        fails("link", "ENOENT", self:link("nonesuch"))
        fails("link", "EINVAL", self:link("stat"))
        fails("link", "ESRCH", p:link("exe"))
      end))
    end)
  end)

  it("lets the collector look for a descriptor", function()
    local prepare, call = "local p = pidfd.self()", "p:link('exe')"
    assert.equal("returns", scarce.with_garbage(prepare, call))
    assert.equal("EMFILE", scarce.without_garbage(prepare, call))
  end)

  it("reads a thread's as the thread's", function()
    if not kernel.at_least(6, 9) then
      pending("pidfds of threads (Linux 6.9)")
    end
    local thread = assert(pidfd.self(pidfd.flags.THREAD))
    assert.equal(self:link("exe"), thread:link("exe"))
    thread:close()
  end)
end)
