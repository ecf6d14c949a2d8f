local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local reused = require "spec.support.reused"
local run = require "spec.support.run"
local scarce = require "spec.support.scarce"
local state = require "spec.support.state"
local subject = require "spec.support.subject"
local threads = require "spec.support.threads"

local function set(list)
  local names = {}
  for _, name in ipairs(list) do
    assert.is_string(name)
    assert.is_nil(names[name])
    names[name] = true
  end
  return names
end

-- What has ended has no descriptors, and belongs to root.
local function assert_none(list, _, code)
  if list then
    assert.same({}, list)
  else
    assert.equal("EACCES", pidfd.errno[code])
  end
end

teardown(compiled.remove)

describe("p:list()", function()
  local self

  before_each(function()
    self = assert(pidfd.self())
  end)

  after_each(function()
    self:close()
  end)

  it("returns the threads", function()
    subject.with({ "thread" }, function(p, thread)
      assert.same({ [tostring(p:pid())] = true, [thread] = true },
        set(assert(p:list("task"))))
    end)
  end)

  it("returns the descriptors", function()
    child.stopped({ fds = { [9] = 0 } }, function(p)
      local names = set(assert(p:list("fd")))
      for number in pairs(p:fds()) do
        assert.is_true(names[tostring(number)])
        names[tostring(number)] = nil
      end
      assert.same({}, names)
    end)
  end)

  it("returns what is below a directory of a directory", function()
    child.stopped({}, function(p)
      local name = ("task/%d/fd"):format(p:pid())
      assert.same(p:list("fd"), p:list(name))
    end)
  end)

  it("returns the namespaces", function()
    local names = set(assert(self:list("ns")))
    assert.is_true(names.net and names.mnt and names.pid and names.user)
  end)

  it("returns what is in the directory itself", function()
    local names = set(assert(self:list(".")))
    assert.is_true(names.stat and names.task and names.exe)
    assert.is_nil(names["."] or names[".."])
  end)

  it("returns thousands", function()
    subject.with({ "mappings", "20000" }, function(p)
      local libraries = set(assert(p:list("map_files")))
      local n = 0
      for range in p:proc("maps"):gmatch("([%x-]+) %S+ %x+ %S+ %d+ +/") do
        assert.is_true(libraries[range:gsub("%f[%x]0+(%x)", "%1")])
        n = n + 1
      end
      assert.is_true(n > 0)
    end)
    local files = {}
    for i = 1, 1000 do
      files[i] = io.open("/dev/null")
    end
    local n = #assert(self:list("fd"))
    for _, file in ipairs(files) do
      file:close()
    end
    if #files < 1000 then
      pending("needs a thousand descriptors (ulimit -n)")
    end
    assert.is_true(n > 1000)
  end)

  it("returns those of a process whose first thread has ended", function()
    local possible = threads.with("leaderless", function(process, tid)
      state.await(process.pid, "Z")
      local p = process.p
      assert.is_true(set(assert(p:list("fd")))["0"])
      assert.is_true(set(assert(p:list("task")))[tostring(tid)])
      process.tell("exit")
      p:poll()
      assert_none(p:list("fd"))
    end)
    if not possible then
      pending("needs a C compiler")
    end
  end)

  it("returns an empty list of a zombie's descriptors", function()
    child.with_zombie(function(p, pid)
      assert_none(p:list("fd"))
      assert.same({ tostring(pid) }, p:list("task"))
    end)
  end)

  it("fails with ESRCH for a process that was reaped", function()
    child.with_reaped(function(p)
      fails("list", "ESRCH", p:list("task"))
      fails("list", "ESRCH", p:list("nonesuch"))
    end)
  end)

  it("fails with ESRCH where another process has the number", function()
    local output = reused.run [[
      local reused = require "spec.programs.reused"
      local errno, start, replace = reused.errno, reused.start, reused.replace
      local old = start()
      local new = replace(old)
      print(new:list("fd") ~= nil, errno(old:list("fd")))
    ]]
    assert.equal("true\tESRCH\n", output)
  end)

  it("fails with EACCES for another user's process, and says why", function()
    local output = run.as_stranger [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.open(math.tointeger(arg[1])))
      local _, message, code = p:list("fd")
      print(pidfd.errno[code], message)
      print(#p:list("task") > 0)
    ]]
    if not output then
      pending("needs root")
    end
    -- An emulator does not let through what tells why.
    local why = run.is_emulated() and "" or ".*: it is of user 0"
    assert.matches("^EACCES\tlist: " .. why .. ".*\ntrue\n$", output)
  end)

  it("fails with ENOENT for a directory that does not exist", function()
    fails("list", "ENOENT", self:list("nonesuch"))
    fails("list", "ENOENT", self:list("task/1/nonesuch"))
  end)

  it("fails with ENOTDIR for a file", function()
    fails("list", "ENOTDIR", self:list("stat"))
    fails("list", "ENOTDIR", self:list("stat/x"))
  end)

  it("fails with ELOOP for a link", function()
    for _, name in ipairs { "cwd", "root", "root/etc", "fd/0" } do
      fails("list", "ELOOP", self:list(name))
    end
  end)

  it("fails with ENAMETOOLONG for too long a name", function()
    fails("list", "ENAMETOOLONG", self:list(("x"):rep(5000)))
  end)

  it("fails with ENOENT where /proc is hidden", function()
    local output = run.unshared(run.without_proc, [[
      local pidfd = require "pidfd"
      print(pidfd.errno[select(3, assert(pidfd.self()):list("fd"))])
    ]])
    if not output then
      pending("needs namespaces of its own")
    end
    assert.equal("ENOENT\n", output)
  end)

  it("fails with EREMOTE for one outside of the pid namespace", function()
    local output = run.in_pid_namespace [[
      local pidfd = require "pidfd"
      print(pidfd.errno[select(3, assert(pidfd.adopt(3)):list("fd"))])
    ]]
    if not output then
      pending("needs luv, and namespaces of its own")
    end
    assert.equal("EREMOTE\n", output)
  end)

  it("fails with EBADF when somebody else closed the number", function()
    local p = assert(pidfd.self())
    pidfd.adopt(p:fileno()):close()
    fails("list", "EBADF", p:list("fd"))
    p:close()
  end)

  for _, name in ipairs {
    "", "/", "/etc", "..", "../1", "task/..", "task/", "task//1", "fd\0",
  } do
    it(("raises for the name %q"):format(name), function()
      assert.error_matches(function() self:list(name) end,
        "bad argument #1.*" ..
          (name:find("%z") and "contains a zero" or "not the name of a file"))
    end)
  end

  it("raises for what is no string, or no open pidfd", function()
    for _, value in ipairs { 1, true, {}, print } do
      assert.error_matches(function() self:list(value) end, "bad argument #1")
    end
    assert.error_matches(function() self:list() end, "bad argument #1")
    local fd = assert(self:getfd(0))
    assert.error_matches(function() self.list(fd, "fd") end, "pidfd expected")
    fd:close()
    local p = assert(pidfd.self())
    p:close()
    assert.error_matches(function() p:list("fd") end, "closed pidfd")
  end)

  it("makes no descriptor that stays", function()
    child.with_reaped(function(p)
      assert.equal(0, fds.leaked(function()
        assert(self:list("fd"))
        fails("list", "ENOENT", self:list("nonesuch"))
        fails("list", "ENOTDIR", self:list("stat"))
        fails("list", "ESRCH", p:list("fd"))
      end))
    end)
  end)

  it("lets the collector look for a descriptor", function()
    local prepare, call = "local p = pidfd.self()", "p:list('fd')"
    assert.equal("returns", scarce.with_garbage(prepare, call))
    assert.equal("EMFILE", scarce.without_garbage(prepare, call))
  end)
end)
