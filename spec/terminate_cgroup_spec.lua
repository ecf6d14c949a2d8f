-- p:terminate() with "cgroup": all that is in the cgroup that the process was
-- spawned into.

local cgroup = require "spec.support.cgroup"
local child = require "spec.support.child"
local directory = require "spec.support.directory"
local ended = require "spec.support.ended"
local ensure = require "spec.support.ensure"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local handled = require "spec.support.handled"
local intercepted = require "spec.support.intercepted"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local run = require "spec.support.run"
local spawned = require "spec.support.spawned"

local assert_end = ended.assert

-- Start a shell in the cgroup, which says the number of a process that it has
-- started. Call 'use' with the pidfds of the shell and of the other.
local function with_job(where, command, use)
  local options = { "sh", "-c", command, cgroup = where, stdout = "pipe",
    stderr = "null" }
  spawned.with(options, function(p, pipes)
    local number = math.floor(tonumber((assert(pipes.stdout:lines(60)()))))
    local other = assert(pidfd.open(number))
    ensure(use, function()
      other:send_signal("KILL")
      other:poll(60)
      other:close()
    end, p, other)
  end)
end

-- One that has a session of its own.
local STARTS = "setsid sleep 60 >&- <&- & echo $!; "

local function is_empty(path)
  return read(path .. "/cgroup.events"):find("populated 0", 1, true) ~= nil
end

describe("p:terminate() of a cgroup", function()
  it("ends what has escaped with setsid()", function()
    cgroup.with(function(path)
      with_job(path, STARTS .. "wait", function(p, other)
        assert_end("signal", 15, p:terminate(60, "cgroup"))
        assert.is_true(other:poll(60))
        assert.is_true(is_empty(path))
      end)
    end)
  end)

  it("knows it when it was given as a descriptor", function()
    cgroup.with(function(path)
      local dir = assert(io.open(path))
      with_job(dir, STARTS .. "wait", function(p, other)
        dir:close()
        assert_end("signal", 15, p:terminate(60, "cgroup"))
        assert.is_true(other:poll(60))
      end)
    end)
  end)

  it("kills what ignores SIGTERM", function()
    cgroup.with(function(path)
      local command = "trap '' TERM; " .. STARTS .. "wait"
      with_job(path, command, function(p, other)
        assert_end("signal", 9, p:terminate(0.02, "cgroup"))
        assert.is_true(is_empty(path))
        assert.is_true(other:poll(60))
      end)
    end)
  end)

  it("ends the rest when the process has been waited for", function()
    cgroup.with(function(path)
      with_job(path, STARTS .. "exit 3", function(p, other)
        assert(p:wait())
        assert_end("exit", 3, p:terminate(60, "cgroup"))
        assert.is_true(is_empty(path))
        assert.is_true(other:poll(60))
      end)
    end)
  end)

  it("ends what is in cgroups below it", function()
    cgroup.with(function(path)
      local below = path .. "/.below"
      ensure(function()
        assert(os.execute("mkdir " .. below))
        local command = ("sh -c 'echo $$ >%s/cgroup.procs; echo $$; "
          .. "exec sleep 60 >&-' & wait"):format(below)
        with_job(path, command, function(p, other)
          assert_end("signal", 15, p:terminate(60, "cgroup"))
          assert.is_true(other:poll(60))
        end)
      end, function()
        cgroup.remove(below)
      end)
    end)
  end)

  it("ends what is frozen", function()
    cgroup.with(function(path)
      local command = "trap '' TERM; " .. STARTS .. "wait"
      with_job(path, command, function(p, other)
        local file = io.open(path .. "/cgroup.freeze", "w")
        if not file then
          pending("needs cgroups that freeze (Linux 5.2)")
        end
        assert(file:write("1"))
        assert(file:close())
        while not read(path .. "/cgroup.events"):find("frozen 1", 1, true) do
          assert(not p:poll(0.001))
        end
        assert_end("signal", 9, p:terminate(0.02, "cgroup"))
        assert.is_true(other:poll(60))
      end)
    end)
  end)

  it("raises if a debugger's hook takes away what it looks at", function()
    cgroup.with(function(path)
      local output = handled([[
        local alarm = require "spec.programs.alarm"
        local pidfd = require "pidfd"
        local take = require "spec.programs.taking"
        local p, pipes = assert(pidfd.spawn {
          "sh", "-c", "trap '' TERM; sleep 60 & echo; exec true",
          stdout = "pipe", cgroup = arg[1], pdeathsig = "KILL",
        })
        pipes.stdout:lines(60)()
        print(pcall(alarm.after, 0.2, function()
          take(p.terminate, function(value)
            return pidfd.type(value) == "pidfd.fd"
          end, nil)
        end, p.terminate, p, 60, "cgroup"))
        print(p:terminate(0, "cgroup"))
      ]], path)
      assert.matches("^false\t[^\n]*pidfd.fd expected, got nil%)\nexit\t0\n$",
        output)
    end)
  end)

  it("leaves a child to its owner with \"peek\"", function()
    cgroup.with(function(path)
      with_job(path, STARTS .. "wait", function(p, other)
        assert_end("signal", 15, p:terminate(60, "cgroup", "peek"))
        assert.is_true(p:send_signal(0)) -- a zombie
        assert.is_true(other:poll(60))
        assert_end("signal", 15, p:wait())
      end)
    end)
  end)

  it("is known to a duplicate", function()
    cgroup.with(function(path)
      with_job(path, STARTS .. "wait", function(p, other)
        local q = assert(p:dup())
        assert_end("signal", 15, q:terminate(60, "cgroup"))
        assert.is_true(other:poll(60))
        q:close()
      end)
    end)
  end)

  it("is over when the cgroup was removed", function()
    local p
    cgroup.with(function(path)
      p = assert(pidfd.spawn { "true", cgroup = path })
      assert(p:wait())
    end)
    assert_end("exit", 0, p:terminate(0, "cgroup"))
    p:close()
  end)

  it("kills one by one where cgroup.kill is missing", function()
    cgroup.with(function(path)
      -- all but that file opens
      local trace, output = run.traced("-P cgroup.kill"
        .. " -e trace=openat -e inject=openat:error=ENOENT", [[
          local pidfd = require "pidfd"
          local p, pipes = assert(pidfd.spawn {
            "sh", "-c", "trap '' TERM; setsid sleep 60 >&- & echo; wait",
            cgroup = arg[1], stdout = "pipe", pdeathsig = "KILL",
          })
          assert(pipes.stdout:lines(60)())
          print(p:terminate(0.02, "cgroup"))
        ]], path)
      assert.matches("INJECTED", trace)
      assert.equal("signal\t9\n", output)
      assert.is_true(is_empty(path))
    end)
  end)

  -- Before Linux 6.13 a pidfd does not tell the cgroup.
  it("ends it where the kernel does not tell who is in it", function()
    local refusing = run.refusing("ioctl", "ENOTTY")
    cgroup.with(function(path)
      local output = run.under("exec " .. refusing, [[
        local p = assert(require("pidfd").spawn {
          "sleep", "60", cgroup = arg[1], pdeathsig = "KILL",
        })
        print(p:terminate(60, "cgroup"))
      ]], path)
      assert.equal("signal\t15\n", output)
    end)
  end)

  it("passes over 0, and fails with EIO where the list is no kernel's",
    function()
      cgroup.with(function(path)
        directory.with(function(where)
          local lists = {
            ["0\n\n"] = "signal", ["99999999999999999999\n"] = "EIO",
          }
          for text, expected in pairs(lists) do
            local file = assert(io.open(where .. "/list", "w"))
            file:write(text)
            file:close()
            local settings = "SHOW=cgroup.procs:" .. where .. "/list"
            local output = intercepted.run(settings, [[
              local pidfd = require "pidfd"
              local p = assert(pidfd.spawn {
                "sleep", "60", cgroup = arg[1], pdeathsig = "KILL",
              })
              local how, _, code = p:terminate(0.02, "cgroup")
              print(how or pidfd.errno[code])
              p:terminate(0)
            ]], path)
            assert.equal(expected .. "\n", output)
          end
        end)
      end)
    end)

  -- The kernel says so of a number that has passed to a thread.
  it("passes over a number that is no process's any more", function()
    local refusing = run.refusing(intercepted.PIDFD_OPEN, "ENOENT")
    cgroup.with(function(path)
      local output = run.under("exec " .. refusing, [[
        local p = assert(require("pidfd").spawn {
          "sleep", "60", cgroup = arg[1], pdeathsig = "KILL",
        })
        print(p:terminate(0.02, "cgroup"))
      ]], path)
      assert.equal("signal\t9\n", output)
    end)
  end)

  it("fails with EINVAL where there was none", function()
    child.with(function(p, pid)
      local q = assert(pidfd.open(pid))
      for _, process in ipairs { p, q } do
        local value, message, code = process:terminate(0, "cgroup")
        fails("terminate", "EINVAL", value, message, code)
        assert.matches("%(it was not spawned into a cgroup%)$", message)
      end
      q:close()
      assert.is_false(p:poll(0.01))
    end)
  end)

  it("fails with EDEADLK where this process is in it", function()
    cgroup.with(function(path)
      local output = run.under("exec", [[
        local pidfd = require "pidfd"
        local p = assert(pidfd.spawn {
          "sleep", "60", cgroup = arg[1], pdeathsig = "KILL",
        })
        local file = assert(io.open(arg[1] .. "/cgroup.procs", "w"))
        assert(file:write("0"))
        assert(file:close())
        local _, message, code = p:terminate(0, "cgroup")
        print(pidfd.errno[code], message:match("%(.*%)"), p:poll(0.01))
        p:terminate(0)
      ]], path)
      assert.equal("EDEADLK\t(this process is in that cgroup)\tfalse\n",
        output)
    end)
  end)

  -- The kernel sets no limit to such a name, but for that of a path.
  for _, length in ipairs { 300, 3000 } do
    it("finds this process in one with a name of " .. length .. " bytes",
      function()
        cgroup.with(function(path)
          local name = ("n"):rep(length)
          local output = run.under("cd " .. path .. " && mkdir " .. name
            .. " 2>/dev/null || exec echo impossible; exec", [[
            local pidfd = require "pidfd"
            local file = assert(io.open(arg[1] .. "/cgroup.procs", "w"))
            local p = assert(pidfd.spawn {
              "sleep", "60", cgroup = ".", pdeathsig = "KILL",
            })
            assert(file:write("0"))
            assert(file:close())
            local _, message, code = p:terminate(0, "cgroup")
            print(pidfd.errno[code], message:match("%(.*%)"), p:poll(0.01))
            p:terminate(0)
          ]], name)
          os.execute("cd " .. path .. " && while test -d n*; do "
            .. "rmdir n* 2>/dev/null; done")
          if output == "impossible\n" then
            pending("needs a kernel that takes such a name")
          end
          assert.equal("EDEADLK\t(this process is in that cgroup)\tfalse\n",
            output)
        end)
      end)
  end

  it("makes no descriptor that stays", function()
    cgroup.with(function(path)
      assert.equal(0, fds.leaked(function()
        local p = assert(pidfd.spawn { "true", cgroup = path })
        local q = assert(p:dup())
        assert(p:terminate(60, "cgroup"))
        p:close()
        q:close()
      end))
    end)
  end)

  it("makes no descriptor that stays when nobody closes it", function()
    cgroup.with(function(path)
      assert.equal(0, fds.leaked(function()
        assert(pidfd.spawn { "true", cgroup = path }):wait()
      end))
    end)
  end)
end)
