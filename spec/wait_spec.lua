local child = require "spec.support.child"
local ended = require "spec.support.ended"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local language = require "spec.support.language"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local times = require "spec.support.times"

local assert_end, assert_told = ended.assert, ended.assert_told
local with_others_zombie = ended.with_others_zombie

describe("p:wait()", function()
  local ends = {
    { "exit 0", "exit", 0 },
    { "exit 3", "exit", 3 },
    { "exit 255", "exit", 255 },
    { "kill -TERM $$", "signal", 15 },
    { "kill -KILL $$", "signal", 9 },
    { "kill -HUP $$", "signal", 1 },
    { "ulimit -c 0; kill -ABRT $$", "signal", 6 },
    { "exec sh -c 'exit 4'", "exit", 4 },
  }

  for _, case in ipairs(ends) do
    local command, how, code = case[1], case[2], case[3]

    it(("returns %q, %d for a child that does: %s"):format(how, code, command),
      function()
        child.shell(command, function(p)
          assert_end(how, code, p:wait())
        end)
      end)

    it(("returns %q, %d for another's zombie of: %s")
      :format(how, code, command), function()
        with_others_zombie(command, function(p)
          assert_end(how, code, p:wait())
        end)
      end)

    it(("returns what is known of another's child, reaped, of: %s")
      :format(command), function()
        with_others_zombie(command, function(p, parent)
          parent.tell("")
          assert.equal("reaped", parent.hear())
          assert_told(how, code, p:wait())
        end)
      end)
  end

  it("waits for a child that runs", function()
    child.shell("exec sleep 0.05", function(p)
      assert_end("exit", 0, p:wait())
    end)
  end)

  it("waits for a child of a child, whose end may be told", function()
    child.with_grandchild(function(p)
      assert.is_true(p:send_signal("TERM"))
      local how, code = p:wait()
      if how == "unknown" and not kernel.at_least(6, 15) then
        pending("reaped before anybody could look (Linux 6.15)")
      end
      assert_end("signal", 15, how, code)
    end)
  end)

  it("leaves a child to its owner with \"peek\"", function()
    child.shell("exit 3", function(p)
      assert_end("exit", 3, p:wait(nil, "peek"))
      assert_end("exit", 3, p:wait(60, "peek"))
      assert.is_true(p:send_signal(0)) -- a zombie
      assert_end("exit", 3, p:wait())
      assert.equal("ESRCH", pidfd.errno[select(3, p:send_signal(0))])
    end)
  end)

  it("tells what \"peek\" has told when its owner has reaped it", function()
    child.shell("exit 3", function(p, pid)
      assert_end("exit", 3, p:wait(nil, "peek"))
      local owner = assert(pidfd.open(pid))
      assert(owner:waitid(pidfd.flags.WEXITED))
      owner:close()
      assert_end("exit", 3, p:wait())
      assert_end("exit", 3, p:wait(0, "peek"))
    end)
  end)

  it("does not take the end from io.popen's file with \"peek\"", function()
    language.need("status of io.popen's command")
    local file = assert(io.popen("echo $$; exit 3"))
    local p = assert(pidfd.open(tonumber(file:read())))
    assert_end("exit", 3, p:wait(60, "peek"))
    local _, how, code = file:close()
    assert_end("exit", 3, how, code)
    p:close()
  end)

  for _, word in ipairs { "peak", "", "Peek" } do
    it(("raises for the option %q"):format(word), function()
      child.with_zombie(function(p)
        assert.error_matches(function() p:wait(0, word) end,
          "'peek' expected, got '" .. word .. "'")
        assert.is_true(p:send_signal(0))
      end)
    end)
  end

  -- The end of a zombie that is another's child is read below /proc. Failures
  -- of the moment say nothing about it, and the next call reads it.
  for _, call in ipairs { "openat", "read" } do
    for _, name in ipairs { "ENOMEM", "EIO", "EINTR", "EAGAIN", "ESRCH" } do
      it(("is not misled by %s of %s"):format(name, call), function()
        with_others_zombie("exit 3", function(p)
          local pid = p:pid()
          local options = ("-P /proc/%d -P /proc/%d/stat"
            .. " -e trace=%s -e inject=%s:error=%s:when=1")
            :format(pid, pid, call, call, name)
          local trace, output = run.traced(options, [[
            local pidfd = require "pidfd"
            local p = pidfd.open(math.tointeger(arg[1]))
            for _ = 1, 2 do
              local how, what, code = p:wait(0)
              print(how and how .. " " .. tostring(what) or pidfd.errno[code])
            end
          ]], pid)
          assert.matches("INJECTED", trace)
          local first, second = output:match("^(.-)\n(.-)\n$")
          assert.equal(name == "EINTR" and "exit 3"
            or name == "ESRCH" and "EIO" or name, first)
          assert.equal("exit 3", second)
        end)
      end)
    end
  end

  it("reaps a child", function()
    child.shell("exit 3", function(p, pid)
      assert(p:wait())
      local _, _, code = p:send_signal(0)
      assert.equal(pidfd.errno.ESRCH, code)
      assert.is_nil(io.open(("/proc/%d/stat"):format(pid)))
    end)
  end)

  it("leaves no zombie behind", function()
    local output = script.run [[
      local pidfd = require "pidfd"
      for _ = 1, 20 do
        assert(pidfd.spawn { "sh", "-c", "exit 3" }):wait()
      end
      local self = pidfd.self():pid()
      local file = io.open(("/proc/%d/task/%d/children"):format(self, self))
      print(file and #file:read("a") or 0)
    ]]
    assert.equal("0\n", output)
  end)

  for _, case in ipairs(times.long) do
    it("returns at the end with a time-out of " .. case.name, function()
      child.shell("exec sleep 0.01", function(p)
        assert_end("exit", 0, p:wait(case.value))
      end)
    end)
  end

  it("returns at once with a time-out of 0 when it is over", function()
    child.with_zombie(function(p)
      assert_end("signal", 9, p:wait(0))
    end)
  end)

  for _, timeout in ipairs { 0, 0.0, 1e-12, 0.001, 0.01 } do
    it("fails with ETIMEDOUT after " .. timeout .. " s while it runs",
      function()
        child.with(function(p)
          fails("wait", "ETIMEDOUT", p:wait(timeout))
        end)
        child.with_grandchild(function(p)
          fails("wait", "ETIMEDOUT", p:wait(timeout))
        end)
      end)
  end

  it("waits again after a time-out", function()
    child.with(function(p)
      fails("wait", "ETIMEDOUT", p:wait(0))
      p:send_signal("KILL")
      assert_end("signal", 9, p:wait())
    end)
  end)

  it("is not misled by a stop", function()
    child.with(function(p)
      p:send_signal("STOP")
      fails("wait", "ETIMEDOUT", p:wait(0.02))
      p:send_signal("KILL")
      assert_end("signal", 9, p:wait())
    end)
  end)

  it("fails with EDEADLK for this process, whatever the time", function()
    local p = assert(pidfd.self())
    for _, timeout in ipairs { 0, 1, math.huge } do
      fails("wait", "EDEADLK", p:wait(timeout))
    end
    fails("wait", "EDEADLK", p:wait())
    p:close()
  end)

  it("fails with EDEADLK for this thread", function()
    kernel.need(6, 9, "pidfds of threads")
    local p = assert(pidfd.self(pidfd.flags.THREAD))
    fails("wait", "EDEADLK", p:wait())
    p:close()
  end)

  for _, case in ipairs(times.wrong) do
    it("raises for " .. case.name, function()
      child.with_zombie(function(p)
        assert.error_matches(function() p:wait(case.value) end, "bad argument")
      end)
    end)
  end

  it("raises for a closed pidfd, which remembers nothing", function()
    child.shell("exit 3", function(p)
      p:wait()
      p:close()
      assert.error_matches(function() p:wait() end, "closed")
    end)
  end)
end)

describe("waiting", function()
  it("leaves no descriptor open for a child", function()
    child.shell("exit 3", function(p)
      assert.equal(0, fds.leaked(function()
        local q = assert(p:dup())
        assert(q:wait())
        q:close()
      end))
    end)
  end)

  it("leaves no descriptor open for another's zombie", function()
    with_others_zombie("exit 3", function(p)
      assert.equal(0, fds.leaked(function()
        local q = assert(p:dup())
        assert_end("exit", 3, q:wait())
        q:close()
      end))
    end)
  end)

  it("leaves no descriptor open when the time is over", function()
    child.with(function(p)
      assert.equal(0, fds.leaked(function()
        fails("wait", "ETIMEDOUT", p:wait(0))
      end))
    end)
  end)

  -- Use up all descriptors, and wait for a zombie that is another's.
  local exhausted = [[
    local pidfd = require "pidfd"
    local take = require "spec.programs.taken"
    local p = assert(pidfd.open(math.tointeger(arg[1])))
    local handles = take(p, arg[2] == "reachable")
    local how, code, errno = p:wait()
    print(how, how and code or pidfd.errno[errno])
    for _, o in ipairs(handles) do
      o:close()
    end
  ]]

  it("lets the collector find a descriptor when all are used", function()
    with_others_zombie("exit 3", function(p)
      local output = run.with_descriptors(64, exhausted, p:pid(), "garbage")
      assert.equal("exit\t3\n", output)
    end)
  end)

  it("fails with EMFILE when all are in use", function()
    with_others_zombie("exit 3", function(p)
      local output = run.with_descriptors(64, exhausted, p:pid(), "reachable")
      assert.equal("nil\tEMFILE\n", output)
    end)
  end)
end)
