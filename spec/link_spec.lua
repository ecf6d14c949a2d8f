local child = require "spec.support.child"
local fails = require "spec.support.fails"
local kernel = require "spec.support.kernel"
local ourselves = require "spec.support.ourselves"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local state = require "spec.support.state"
local threads = require "spec.support.threads"

describe("p:link()", function()
  local self
  ourselves(function(p) self = p end)

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
    threads.with("leaderless", function(process)
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
  end)

  it("fails with ESRCH for a zombie", function()
    child.with_zombie(function(p)
      for _, name in ipairs { "exe", "cwd", "root", "ns/net", "fd/0" } do
        fails("link", "ESRCH", p:link(name))
      end
    end)
  end)

  it("fails with ESRCH, or EACCES, while the process ends", function()
    local exe
    child.with(function(p)
      exe = p:link("exe")
    end)
    child.with_ending(function(p, ended)
      local target, _, code = p:link("exe")
      local errno = pidfd.errno[code]
      assert.is_true(target == exe or errno == "ESRCH" or errno == "EACCES"
        or errno == "ENOENT" and not ended)
    end)
  end)

  it("fails with EINVAL for what is no link", function()
    for _, name in ipairs { "stat", "task", ".", "ns", "net/unix" } do
      fails("link", "EINVAL", self:link(name))
    end
  end)

  it("fails with ENOSYS where openat2 is missing", function()
    local prefix = run.refusing(437, "ENOSYS")
    local output = run.under(prefix, [[
      local pidfd = require "pidfd"
      print(pidfd.errno[select(3, assert(pidfd.self()):link("exe"))])
    ]])
    if output == "" then
      pending("needs seccomp filters")
    end
    assert.equal("ENOSYS\n", output)
  end)

  it("reads a thread's as the thread's", function()
    kernel.need(6, 9, "pidfds of threads")
    local thread = assert(pidfd.self(pidfd.flags.THREAD))
    assert.equal(self:link("exe"), thread:link("exe"))
    thread:close()
  end)
end)
