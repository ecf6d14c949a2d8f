local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local directory = require "spec.support.directory"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local machine = require "spec.support.machine"
local misfits = require "spec.support.misfits"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"

local flags = pidfd.flags

local function assert_end(expected_how, expected_code, how, code, info)
  assert.equal(expected_how, how)
  assert.equal(expected_code, code)
  assert.is_table(info)
  return info
end

describe("p:waitid()", function()
  it("returns how a child has exited", function()
    child.shell("exit 3", function(p)
      assert_end("exit", 3, p:waitid(flags.WEXITED))
    end)
  end)

  it("returns the signal that ended a child", function()
    child.shell("kill -KILL $$", function(p)
      assert_end("signal", 9, p:waitid(flags.WEXITED))
    end)
  end)

  it("returns that a child was stopped, and by which signal", function()
    child.with(function(p)
      p:send_signal("STOP")
      assert_end("stop", pidfd.signal.STOP, p:waitid(flags.WSTOPPED))
    end)
  end)

  it("returns that a child was continued", function()
    child.with(function(p)
      p:send_signal("STOP")
      assert(p:waitid(flags.WSTOPPED))
      p:send_signal("CONT")
      assert_end("continue", pidfd.signal.CONT, p:waitid(flags.WCONTINUED))
    end)
  end)

  it("returns that a traced child was trapped", function()
    compiled.need("unix")
    child.shell("exec " .. script.command [[require("unix").traceme()]],
      function(p)
        local how, code = p:waitid(flags.WSTOPPED)
        if not how and p:wait(0) then
          pending("needs ptrace(2)")
        end
        assert.equal("trap", how)
        assert.equal(pidfd.signal.TRAP, code)
      end)
  end)

  it("waits for whichever of several comes first", function()
    child.with(function(p)
      local any = flags.WEXITED + flags.WSTOPPED + flags.WCONTINUED
      p:send_signal("STOP")
      assert_end("stop", pidfd.signal.STOP, p:waitid(any))
      p:send_signal("KILL")
      local how, code = p:waitid(any)
      if how == "continue" then -- killing a stopped process lets it go on
        how, code = p:waitid(any)
      end
      assert.equal("signal", how)
      assert.equal(9, code)
    end)
  end)

  it("sleeps until the end", function()
    child.shell("exec sleep 0.05", function(p)
      assert_end("exit", 0, p:waitid(flags.WEXITED))
    end)
  end)

  it("sleeps until the stop", function()
    child.shell("sleep 0.05; kill -STOP $$", function(p)
      assert_end("stop", pidfd.signal.STOP, p:waitid(flags.WSTOPPED))
    end)
  end)

  it("returns false with WNOHANG and nothing to report", function()
    child.with(function(p)
      assert.is_false(p:waitid(flags.WEXITED + flags.WNOHANG))
      assert.is_false(p:waitid(flags.WSTOPPED + flags.WNOHANG))
    end)
  end)

  it("fails with EAGAIN on a pidfd that is NONBLOCK", function()
    child.with(function(p, pid)
      local q = assert(pidfd.open(pid, flags.NONBLOCK))
      assert.is_false(q:waitid(flags.WEXITED + flags.WNOHANG))
      fails("waitid", "EAGAIN", q:waitid(flags.WEXITED))
      fails("waitid", "EAGAIN", q:waitid(flags.WEXITED + flags.WSTOPPED))
      p:send_signal("KILL")
      p:poll()
      assert_end("signal", 9, q:waitid(flags.WEXITED))
      q:close()
    end)
  end)

  it("leaves the child as it is with WNOWAIT", function()
    child.shell("exit 3", function(p)
      for _ = 1, 3 do
        assert_end("exit", 3, p:waitid(flags.WEXITED + flags.WNOWAIT))
      end
      assert.is_true(p:send_signal(0))
      assert.equal("exit", (p:wait()))
    end)
  end)

  it("reaps the child, and fails with ECHILD from then on", function()
    child.shell("exit 3", function(p)
      assert(p:waitid(flags.WEXITED))
      assert.equal("ESRCH", pidfd.errno[select(3, p:send_signal(0))])
      fails("waitid", "ECHILD", p:waitid(flags.WEXITED))
    end)
  end)

  it("fails with ECHILD after p:wait()", function()
    child.shell("exit 3", function(p)
      assert(p:wait())
      fails("waitid", "ECHILD", p:waitid(flags.WEXITED))
    end)
  end)

  it("fails with ECHILD for a process that is not a child", function()
    child.with_grandchild(function(p)
      fails("waitid", "ECHILD", p:waitid(flags.WEXITED))
      fails("waitid", "ECHILD", p:waitid(flags.WEXITED + flags.WNOHANG))
    end)
  end)

  it("fails with ECHILD for this process", function()
    local p = assert(pidfd.self())
    fails("waitid", "ECHILD", p:waitid(flags.WEXITED))
    p:close()
  end)

  it("fails with ECHILD if only a stop is asked for after the end", function()
    child.with_zombie(function(p)
      fails("waitid", "ECHILD", p:waitid(flags.WSTOPPED))
    end)
  end)

  for name, options in sorted {
    ["no option"] = 0,
    ["nothing to wait for"] = flags.WNOHANG,
    ["an unknown option"] = flags.WEXITED + 0x100,
  } do
    it("fails with EINVAL for " .. name, function()
      child.with_zombie(function(p)
        fails("waitid", "EINVAL", p:waitid(options))
      end)
    end)
  end

  it("needs __WALL for a child that ends without SIGCHLD", function()
    compiled.need("unix")
    local output, errors = script.run [[
      local pidfd = require "pidfd"
      local pid = require("unix").clone(0, 3)
      if pid < 0 then
        print("impossible")
        os.exit()
      end
      local p = assert(pidfd.open(pid))
      local flags = pidfd.flags
      print(pidfd.errno[select(3, p:waitid(flags.WEXITED))])
      print(p:waitid(flags.WEXITED + flags.__WALL))
    ]]
    if output == "impossible\n" then
      pending("clone(2) without a signal")
    end
    assert.equal("", errors)
    assert.matches("^ECHILD\nexit\t3\ttable", output)
  end)

  it("raises without options", function()
    child.with_zombie(function(p)
      assert.error_matches(function() p:waitid() end, "bad argument")
      assert.error_matches(function() p:waitid(nil) end, "bad argument")
    end)
  end)

  for _, case in ipairs(misfits(flags.WEXITED)) do
    it("raises for " .. case.name, function()
      child.with_zombie(function(p)
        assert.error_matches(function() p:waitid(case.value) end,
          "bad argument")
      end)
    end)
  end

  it("makes no descriptor", function()
    child.shell("exit 3", function(p)
      assert.equal(0, fds.leaked(function()
        assert(p:waitid(flags.WEXITED + flags.WNOWAIT))
        fails("waitid", "EINVAL", p:waitid(0))
      end))
    end)
  end)
end)

describe("the table that p:waitid() returns", function()
  it("has the child's pid and uid", function()
    child.shell("exit 3", function(p, pid)
      local info = assert_end("exit", 3, p:waitid(flags.WEXITED))
      assert.equal(pid, info.pid)
      local uid = read("/proc/self/status"):match("\nUid:%s*(%d+)")
      assert.equal(tonumber(uid), info.uid)
    end)
  end)

  it("tells that no core was dumped", function()
    child.shell("ulimit -c 0; kill -ABRT $$", function(p)
      local info = assert_end("signal", 6, p:waitid(flags.WEXITED))
      assert.is_false(info.core)
    end)
  end)

  it("tells that a core was dumped", function()
    directory.with(function(where)
      child.shell("cd " .. where .. "; ulimit -c unlimited 2>&-"
        .. " && kill -ABRT $$", function(p)
        local how, code, info = p:waitid(flags.WEXITED)
        if how == "exit" then
          pending("needs core dumps (ulimit -c)")
        end
        assert.equal("signal", how)
        assert.equal(pidfd.signal.ABRT, code)
        assert.is_true(info.core)
      end)
    end)
  end)

  it("tells the processor time of a busy child", function()
    child.shell("exec " .. script.command [[
      repeat
        for _ = 1, 100000 do end
      until os.clock() >= 0.1
    ]], function(p)
      local info = assert_end("exit", 0, p:waitid(flags.WEXITED))
      local used = info.rusage.utime + info.rusage.stime
      assert.is_true(info.rusage.utime > 0)
      assert.is_true(used >= 0.09 and used < 60)
    end)
  end)

  it("tells the memory of a child, in bytes", function()
    local command = "exec " .. script.command [[
      local block = ("x"):rep(64 * 1024 * 1024)
      local file = io.open("/proc/self/status")
      print(file:read("a"):match("\nVmHWM:%s*(%d+) kB"), #block)
    ]]
    child.ready({ "sh", "-c", command }, function(p, said)
      local highest = tonumber(said:match("%d+")) * 1024
      local info = assert_end("exit", 0, p:waitid(flags.WEXITED))
      assert.is_true(info.rusage.maxrss >= highest * 0.9)
      -- what it had before it ran the program counts too
      assert.is_true(info.rusage.maxrss <= highest * 100)
    end)
  end)

  it("counts what the child has done", function()
    child.shell("exec sleep 0.01", function(p)
      local info = assert_end("exit", 0, p:waitid(flags.WEXITED))
      assert.is_true(info.rusage.minflt > 0)
      assert.is_true(info.rusage.nvcsw > 0)
      for _, name in ipairs { "majflt", "inblock", "oublock", "nivcsw" } do
        assert.equal("integer", math.type(info.rusage[name]))
        assert.is_true(info.rusage[name] >= 0)
      end
    end)
  end)

  -- The kernel's struct is not the C library's there: see usage32.c.
  for _, compiler in ipairs { "gcc -m32", "arm-linux-gnueabihf-gcc" } do
    it("is what the kernel writes with a 64-bit time_t: " .. compiler,
      function()
        local command = compiler .. " -std=gnu11 -D_TIME_BITS=64"
          .. " -D_FILE_OFFSET_BITS=64 -fsyntax-only %s >/dev/null 2>&1"
        if not os.execute("echo '#include <sys/wait.h>' | "
            .. command:format("-x c -")) then
          pending("needs a compiler for 32 bits")
        end
        assert.is_true(os.execute(command:format("spec/support/usage32.c")))
      end)
  end

  it("has each in its place", function()
    local function hex(format, ...)
      return (format:pack(...):gsub(".", function(byte)
        return ("%02x"):format(byte:byte())
      end))
    end
    -- si_signo, si_errno, si_code; si_pid, si_uid, si_status
    local padding = machine.bits == 64 and hex("=i4", 0) or ""
    local child_info = hex("=i4i4i4", 17, 0, 1) .. padding
      .. hex("=i4I4i4", 42, 1111, 3)
    -- ru_utime, ru_stime, and fourteen numbers
    local number = machine.bits == 64 and "i8" or "i4"
    local usage = hex("=" .. number:rep(18), 1, 500000, 2, 250000,
      3, -1, -1, -1, 4, 5, -1, 6, 7, -1, -1, -1, 8, 9)
    local _, output = run.traced(
      ("-e trace=waitid -e inject=waitid:retval=0:poke_exit=@arg3=%s,@arg5=%s")
        :format(child_info, usage), [[
        local pidfd = require "pidfd"
        local p = pidfd.self()
        local how, code, info = p:waitid(pidfd.flags.WEXITED)
        print(how, code, info.pid, info.uid)
        local names = { "utime", "stime", "maxrss", "minflt", "majflt",
          "inblock", "oublock", "nvcsw", "nivcsw" }
        for i, name in ipairs(names) do
          names[i] = info.rusage[name]
        end
        print(table.concat(names, " "))
      ]])
    assert.equal("exit\t3\t42\t1111\n1.5 2.25 3072 4 5 6 7 8 9\n", output)
  end)
end)
