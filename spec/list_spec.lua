local child = require "spec.support.child"
local fails = require "spec.support.fails"
local ourselves = require "spec.support.ourselves"
local pidfd = require "pidfd"
local run = require "spec.support.run"
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

describe("p:list()", function()
  local self
  ourselves(function(p) self = p end)

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
    threads.with("leaderless", function(process, tid)
      state.await(process.pid, "Z")
      local p = process.p
      assert.is_true(set(assert(p:list("fd")))["0"])
      assert.is_true(set(assert(p:list("task")))[tostring(tid)])
      process.tell("exit")
      p:poll()
      assert_none(p:list("fd"))
    end)
  end)

  it("returns an empty list of a zombie's descriptors", function()
    child.with_zombie(function(p, pid)
      assert_none(p:list("fd"))
      assert.same({ tostring(pid) }, p:list("task"))
    end)
  end)

  it("returns what everybody may see of another user's process", function()
    local output = run.as_stranger [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.open(math.tointeger(arg[1])))
      print(#p:list("task") > 0)
    ]]
    assert.equal("true\n", output)
  end)

  it("fails with ENOTDIR for a file", function()
    fails("list", "ENOTDIR", self:list("stat"))
  end)

  it("fails with ELOOP for a link", function()
    for _, name in ipairs { "cwd", "root", "fd/0" } do
      fails("list", "ELOOP", self:list(name))
    end
  end)
end)
