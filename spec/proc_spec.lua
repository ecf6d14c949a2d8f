local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local reused = require "spec.support.reused"
local run = require "spec.support.run"
local scarce = require "spec.support.scarce"
local subject = require "spec.support.subject"

local MIB = 1024 * 1024

-- What the io library reads.
local function read(p, name)
  local file = assert(io.open(("/proc/%d/%s"):format(p:pid(), name)))
  local text = file:read("a")
  file:close()
  return text
end

local function lines(text)
  return select(2, text:gsub("\n", ""))
end

teardown(compiled.remove)

describe("p:proc()", function()
  local self

  before_each(function()
    self = assert(pidfd.self())
  end)

  after_each(function()
    self:close()
  end)

  it("returns what is in a file of the process", function()
    child.stopped({}, function(p)
      for _, name in ipairs { "comm", "limits", "maps", "net/unix", "stat",
        "task/" .. p:pid() .. "/comm" } do
        assert.equal(read(p, name), (p:proc(name)))
      end
    end)
  end)

  it("returns zeros as they are", function()
    child.stopped({}, function(p)
      assert.matches("^sh\0%-c\0.+\0$", (p:proc("cmdline")))
    end)
  end)

  it("returns an empty file", function()
    child.stopped({}, function(p)
      assert.equal("", p:proc("task/" .. p:pid() .. "/children"))
    end)
  end)

  it("returns all of an environment of 1 MiB", function()
    local env = { PATH = os.getenv("PATH") }
    for i = 1, 16 do
      env["V" .. i] = ("x"):rep(MIB / 16)
    end
    child.stopped({ env = env }, function(p)
      local environ = assert(p:proc("environ"))
      assert.is_true(#environ > MIB)
      assert.is_true(environ == read(p, "environ"))
    end)
  end)

  it("returns all of 20,000 mappings", function()
    subject.with({ "mappings", "20000" }, function(p)
      local maps = assert(p:proc("maps"))
      assert.is_true(lines(maps) > 20000)
      assert.is_true(maps == read(p, "maps"))
    end)
  end)

  it("returns all or fails, while the process ends", function()
    local outcomes = {}
    for _ = 1, 3 do
      subject.with({ "mappings", "20000" }, function(p)
        local whole = assert(p:proc("maps"))
        p:send_signal("KILL")
        repeat
          local ended = p:poll(0)
          local text, _, code = p:proc("maps")
          if text ~= whole and text ~= "" then
            outcomes[pidfd.errno[code] or "a part"] = true
          end
        until ended
      end)
    end
    -- For a moment it belongs to root.
    outcomes.ESRCH, outcomes.EACCES = nil, nil
    assert.same({}, outcomes)
  end)

  it("returns all while the process runs another program", function()
    subject.with({ "restarts", "2000" }, function(p)
      for _ = 1, 600 do
        local maps = assert(p:proc("maps"))
        local is_part = lines(maps) > 100 and not maps:find("%]\n$")
        assert.is_false(is_part)
      end
    end)
  end)

  it("returns what a zombie still has", function()
    child.stopped({}, function(p)
      p:send_signal("KILL")
      p:poll()
      assert.equal("sh\n", p:proc("comm"))
      assert.matches("%) Z ", (p:proc("stat")))
      assert.equal("", p:proc("maps"))
    end)
  end)

  it("returns what everybody may read of another user's process", function()
    local output = run.as_stranger [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.open(math.tointeger(arg[1])))
      io.write(p:proc("comm"))
    ]]
    if not output then
      pending("needs root")
    end
    assert.matches("^%S+\n$", output)
  end)

  it("fails with EACCES for what others may not read of it", function()
    local output = run.as_stranger [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.open(math.tointeger(arg[1])))
      print(pidfd.errno[select(3, p:proc("environ"))])
    ]]
    if not output then
      pending("needs root")
    end
    assert.equal("EACCES\n", output)
  end)

  it("fails with ESRCH for a process that was reaped", function()
    child.with_reaped(function(p)
      fails("proc", "ESRCH", p:proc("comm"))
      fails("proc", "ESRCH", p:proc("nonesuch"))
    end)
  end)

  it("fails with ESRCH where another process has the number", function()
    local output = reused.run [[
      local reused = require "spec.programs.reused"
      local errno, start, replace = reused.errno, reused.start, reused.replace
      local old = start()
      local new = replace(old)
      print(new:proc("comm") ~= nil, errno(old:proc("comm")))
    ]]
    assert.equal("true\tESRCH\n", output)
  end)

  it("fails with ENOENT for a file that does not exist", function()
    fails("proc", "ENOENT", self:proc("nonesuch"))
    fails("proc", "ENOENT", self:proc("task/1/nonesuch"))
    fails("proc", "ENOENT", self:proc("..."))
  end)

  it("fails with ENOTDIR for a file below a file", function()
    fails("proc", "ENOTDIR", self:proc("comm/comm"))
  end)

  it("fails with ENAMETOOLONG for too long a name", function()
    fails("proc", "ENAMETOOLONG", self:proc(("x"):rep(5000)))
  end)

  it("fails with EFBIG for a file that has hardly an end", function()
    if select(3, self:proc("pagemap")) == pidfd.errno.ENOENT then
      pending("this kernel was built without pagemap")
    end
    fails("proc", "EFBIG", self:proc("pagemap"))
    fails("proc", "EFBIG", self:proc(("task/%d/pagemap"):format(self:pid())))
  end)

  it("fails as reading the file fails", function()
    fails("proc", "EIO", self:proc("mem"))
  end)

  it("fails with EISDIR for a directory", function()
    for _, name in ipairs { ".", "fd", "task", "task/./" .. child.self() } do
      fails("proc", "EISDIR", self:proc(name))
    end
  end)

  it("fails with ELOOP for a link, and for what is behind one", function()
    for _, name in ipairs { "exe", "cwd", "root", "fd/0", "ns/net",
      "root/etc/passwd", "cwd/Makefile" } do
      fails("proc", "ELOOP", self:proc(name))
    end
  end)

  it("fails with ENOENT where /proc is hidden", function()
    local output = run.unshared(run.without_proc, [[
      local pidfd = require "pidfd"
      print(pidfd.errno[select(3, assert(pidfd.self()):proc("comm"))])
    ]])
    if not output then
      pending("needs namespaces of its own")
    end
    assert.equal("ENOENT\n", output)
  end)

  it("fails with EREMOTE for one outside of the pid namespace", function()
    local output = run.in_pid_namespace [[
      local pidfd = require "pidfd"
      print(pidfd.errno[select(3, assert(pidfd.adopt(3)):proc("comm"))])
    ]]
    if not output then
      pending("needs luv, and namespaces of its own")
    end
    assert.equal("EREMOTE\n", output)
  end)

  it("fails with EBADF when somebody else closed the number", function()
    local p = assert(pidfd.self())
    pidfd.adopt(p:fileno()):close()
    fails("proc", "EBADF", p:proc("comm"))
    p:close()
  end)

  for _, name in ipairs {
    "", "/", "/etc/passwd", "..", "../1/comm", "../self/comm", "task/..",
    "task/../../1/comm", "./../1/comm", "task//1", "comm/", "//comm",
    "comm\0", "comm\0/..",
  } do
    it(("raises for the name %q"):format(name), function()
      assert.error_matches(function() self:proc(name) end,
        "bad argument #1.*" ..
          (name:find("%z") and "contains a zero" or "not the name of a file"))
    end)
  end

  it("raises for what is no string", function()
    for _, value in ipairs { 1, 0.5, true, {}, print } do
      assert.error_matches(function() self:proc(value) end,
        "bad argument #1")
    end
    assert.error_matches(function() self:proc() end, "bad argument #1")
  end)

  it("raises for a pidfd.fd, and for a closed pidfd", function()
    local fd = assert(self:getfd(0))
    assert.error_matches(function() self.proc(fd, "comm") end,
      "pidfd expected")
    fd:close()
    local p = assert(pidfd.self())
    p:close()
    assert.error_matches(function() p:proc("comm") end, "closed pidfd")
  end)

  it("makes no descriptor that stays", function()
    assert.equal(0, fds.leaked(function()
      assert(self:proc("comm"))
    end))
  end)

  it("makes no descriptor that stays when it fails", function()
    child.with_reaped(function(p)
      assert.equal(0, fds.leaked(function()
        fails("proc", "ENOENT", self:proc("nonesuch"))
        fails("proc", "EISDIR", self:proc("fd"))
        fails("proc", "ELOOP", self:proc("exe"))
        fails("proc", "ESRCH", p:proc("comm"))
      end))
    end)
  end)

  it("lets the collector look for a descriptor", function()
    local prepare, call = "local p = pidfd.self()", "p:proc('comm')"
    assert.equal("returns", scarce.with_garbage(prepare, call))
    assert.equal("EMFILE", scarce.without_garbage(prepare, call))
  end)
end)
