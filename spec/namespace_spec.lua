local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local elsewhere = require "spec.support.elsewhere"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local ourselves = require "spec.support.ourselves"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local scarce = require "spec.support.scarce"
local spawned = require "spec.support.spawned"

local KINDS = {
  "cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time",
  "time_for_children", "user", "uts",
}

-- The inode numbers of two files.
local function inodes(...)
  local lines = spawned.output { "stat", "-L", "-c", "%i", ... }
  return lines:match("^(%d+)\n(%d+)\n$")
end

local function path_of(fd)
  return ("/proc/%d/fd/%d"):format(child.self(), fd:fileno())
end

local function path_of_namespace(p, kind)
  return ("/proc/%d/ns/%s"):format(p:pid(), kind)
end

local function assert_same_namespace(p, kind)
  local fd = assert(p:namespace(kind))
  assert.equal("pidfd.fd", pidfd.type(fd))
  local got, expected = inodes(path_of(fd), path_of_namespace(p, kind))
  fd:close()
  assert.is_string(got)
  assert.equal(expected, got)
end

-- Lend a process that has namespaces of its own, all that there are; "pid"
-- and "time" only for its children. It stays within its user's powers.
local function with_own(use)
  local options = { "unshare", "--user", "--map-root-user", "--fork",
    "--kill-child", stderr = "null" }
  for _, kind in ipairs { "cgroup", "ipc", "mount", "net", "pid", "time",
    "uts" } do
    local file = kind == "mount" and "mnt" or kind
    if kernel.has_namespaces(file) then
      table.insert(options, "--" .. kind)
    end
  end
  for _, word in ipairs { "sh", "-c", "echo ready; exec sleep 60" } do
    table.insert(options, word)
  end
  child.ready(options, function(p, said)
    if not said then
      pending("needs namespaces of its own")
    end
    use(p)
  end)
end

describe("p:namespace()", function()
  local self
  ourselves(function(p) self = p end)

  for _, kind in ipairs(KINDS) do
    it("returns the process's own, for " .. kind, function()
      kernel.need_namespaces(kind)
      assert_same_namespace(self, kind)
      with_own(function(p)
        assert_same_namespace(p, kind)
      end)
    end)
  end

  for _, kind in ipairs { "cgroup", "ipc", "mnt", "net", "pid_for_children",
    "time_for_children", "user", "uts" } do
    it("returns another than ours for one that moved, for " .. kind,
      function()
        kernel.need_namespaces(kind)
        with_own(function(p)
          local theirs = assert(p:namespace(kind))
          local ours = assert(self:namespace(kind))
          local one, other = inodes(path_of(theirs), path_of(ours))
          theirs:close()
          ours:close()
          assert.not_equal(one, other)
        end)
      end)
  end

  it("makes a descriptor that is close-on-exec", function()
    local fd = assert(self:namespace("uts"))
    assert.is_true(fds.has(fd:fileno(), "CLOEXEC"))
    fd:close()
  end)

  -- As a kernel before 6.11 answers.
  it("returns it through /proc where the kernel has no ioctl", function()
    local filter = compiled.need_program("filter")
    local output = run.under(filter .. " 25 ioctl --", [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.self())
      for _, kind in ipairs { "net", "pid_for_children", "user" } do
        local fd = assert(p:namespace(kind))
        print(p:fds()[fd:fileno()])
      end
    ]])
    if output == "" then
      pending("needs seccomp filters")
    end
    assert.equal(spawned.output { "readlink", "/proc/self/ns/net",
      "/proc/self/ns/pid_for_children", "/proc/self/ns/user" }, output)
  end)

  it("fails with EACCES for another user's process", function()
    for _, kind in ipairs { "net", "user", "pid_for_children" } do
      local call = ("p:namespace('%s')"):format(kind)
      assert.equal("EACCES", (elsewhere.as_stranger(call)))
    end
  end)

  for _, kind in ipairs(KINDS) do
    it("fails with ESRCH for a process that is over, for " .. kind,
      function()
        kernel.need_namespaces(kind)
        child.with_zombie(function(p)
          fails("namespace", "ESRCH", p:namespace(kind))
        end)
        child.with_reaped(function(p)
          fails("namespace", "ESRCH", p:namespace(kind))
        end)
      end)
  end

  for _, kind in ipairs { "", "foo", "NET", "net\0", "mount", "self" } do
    it(("raises for the kind %q"):format(kind), function()
      assert.error_matches(function()
        self:namespace(kind)
      end, "bad argument")
    end)
  end

  it("raises for what is no string", function()
    for _, value in ipairs { 4, true, {}, print } do
      assert.error_matches(function() self:namespace(value) end,
        "bad argument")
    end
    assert.error_matches(function() self:namespace() end, "bad argument")
  end)

  it("gives its descriptors back when the collector comes", function()
    assert.equal(0, fds.leaked(function()
      assert(self:namespace("net"))
    end))
  end)

  it("makes no descriptor when it fails", function()
    child.with_zombie(function(p)
      assert.equal(0, fds.leaked(function()
        fails("namespace", "ESRCH", p:namespace("net"))
      end))
    end)
  end)

  it("lets the collector look for a descriptor", function()
    local prepare = "local p = pidfd.self()"
    local call = 'p:namespace("net")'
    assert.equal("returns", scarce.with_garbage(prepare, call))
    assert.equal("EMFILE", scarce.without_garbage(prepare, call))
  end)
end)
