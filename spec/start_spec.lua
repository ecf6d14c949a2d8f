-- The time between clone(2) and execve(2), in which parent and child both run.

local compiled = require "spec.support.compiled"
local directory = require "spec.support.directory"
local has = require "spec.support.has"
local language = require "spec.support.language"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local run = require "spec.support.run"
local script = require "spec.support.script"
local spawned = require "spec.support.spawned"
local state = require "spec.support.state"

teardown(compiled.remove)

-- A command that runs its arguments where chdir(2) never returns.
local function hold()
  local command = compiled.program("hold")
  if not command or not os.execute(command .. " true >/dev/null 2>&1") then
    pending("needs a C compiler, and supervision by seccomp (Linux 5.0)")
  end
  return command
end

local function need_unix()
  if not compiled.module("unix") then
    pending("needs a C compiler")
  end
end

-- What such programs begin with.
local BEGINNING = [[
  local pidfd, unix = require "pidfd", require "unix"
  local spawned = require "spec.support.spawned"
  local fds = require "spec.support.fds"
  local ALRM = pidfd.signal.ALRM
]]

-- Run a program, in which 'cwd' in the options holds the child up.
local function run_held(program, ...)
  local command = hold()
  need_unix()
  return run.under("exec timeout -s KILL 30 " .. command,
    BEGINNING .. program, ...)
end

-- The first process that such a program has as a child.
local function child_of(pid)
  local path = ("/proc/%d/task/%d/children"):format(pid, pid)
  local child
  repeat
    child = read(path):match("%d+")
  until child
  return math.tointeger(tonumber(child))
end

-- Call 'use' with the pidfd and the number of a process that waits for a child
-- which does not get to its program.
local function with_waiting(options, use)
  local program = "require('pidfd').spawn { 'true', cwd = '/', "
    .. options .. " }"
  local command = "exec " .. hold() .. " " .. script.command(program)
  spawned.with({ "sh", "-c", command, stdin = "null", session = true },
    function(p)
      local pid = p:pid()
      child_of(pid)
      state.await(pid, "S")
      use(p, pid)
    end)
end

-- How its state changes next, if it does within a time that is long enough.
local function stopped(p)
  local limit, how = os.time() + 30
  repeat
    how = p:waitid(pidfd.flags.WSTOPPED + pidfd.flags.WNOHANG)
  until how or os.time() > limit
  return how
end

local kinds = {
  ["that shares our memory"] = "",
  ["that has a copy of our memory"] = (run.is_root() and "groups = {}, " or "")
    .. "gid = " .. run.group(),
}

for kind, options in pairs(kinds) do
  describe("while a child " .. kind .. " is held up", function()
    it("this process ends with a signal that ends it", function()
      with_waiting(options, function(p)
        assert(p:send_signal("TERM"))
        local how, code = p:wait(30)
        assert.equal("signal", how)
        assert.equal(pidfd.signal.TERM, code)
      end)
    end)

    it("this process stops, and goes on", function()
      with_waiting(options, function(p, pid)
        for _ = 1, 3 do
          assert(p:send_signal("STOP"))
          assert.equal("stop", stopped(p))
          assert(p:send_signal("CONT"))
          state.await(pid, "S")
        end
      end)
    end)

    it("a hook runs", function()
      local output = run_held([[
        unix.handle(ALRM, function()
          print("handled")
          os.exit(true)
        end)
        unix.alarm(0.02, 0)
        pidfd.spawn { "true", cwd = "/", ]] .. options .. [[ }
      ]])
      assert.equal("handled\n", output)
    end)

    it("a hook that raises ends the child, and nothing is left", function()
      local output = run_held([[
        unix.handle(ALRM, function()
          error("enough", 0)
        end)
        collectgarbage("stop")
        local before = fds.count()
        for _ = 1, 3 do
          unix.alarm(0.02, 0)
          print(pcall(pidfd.spawn, {
            "true", cwd = "/", stdin = "pipe", stdout = "null",
            ]] .. options .. [[
          }))
          print(fds.count() - before, spawned.children())
        end
      ]])
      assert.equal(("false\tenough\n0\t\n"):rep(3), output)
    end)

    it("a hook that raises at any return leaves nothing open", function()
      local output = run_held([[
        local function start()
          return pidfd.spawn { "true", stdin = "pipe", ]] .. options .. [[ }
        end
        collectgarbage()
        local before = fds.count()
        local at, raised = 0, nil
        repeat
          at, raised = at + 1, false
          local returns = 0
          pcall(function()
            debug.sethook(function()
              returns = returns + 1
              if returns == at then
                raised = true
                error("enough", 0)
              end
            end, "r")
            local p, pipes = start()
            debug.sethook()
            p:close()
            pipes.stdin:close()
          end)
          debug.sethook()
          collectgarbage()
          if fds.count() ~= before then
            print(at, fds.count() - before)
          end
        until not raised
        print(at > 3)
      ]])
      assert.equal("true\n", output)
    end)

    it("a hook may start another program", function()
      local output = run_held([[
        unix.handle(ALRM, function()
          for _ = 1, 3 do
            local p = assert(pidfd.spawn { "sh", "-c", "exit 3" })
            print(p:wait())
            print(pidfd.spawn { "/nowhere" })
          end
          error("enough", 0)
        end)
        unix.alarm(0.02, 0)
        print(pcall(pidfd.spawn, { "true", cwd = "/", ]] .. options .. [[ }))
      ]])
      local one = "exit\t3\nnil\tspawn: execve /nowhere: "
        .. "No such file or directory\t2\n"
      assert.equal(one:rep(3) .. "false\tenough\n", output)
    end)

    it("this process sleeps, and does not look all the time", function()
      local output = run_held([[
        local function switches()
          local status = pidfd.self():proc("status")
          return tonumber(status:match("\nvoluntary_ctxt_switches:%s*(%d+)"))
        end
        unix.handle(ALRM, function()
          error("enough", 0)
        end)
        local before = switches()
        unix.alarm(1, 0)
        pcall(pidfd.spawn, { "true", cwd = "/", ]] .. options .. [[ })
        print(switches() - before < 200)
      ]])
      assert.equal("true\n", output)
    end)
  end)
end

-- The system calls of this process take long: the program runs, and sends the
-- signal, before this process can know that it runs.
describe("a hook of a signal that comes when the program runs", function()
  for kind, options in pairs(kinds) do
    it("does not run before the start is over, for a child " .. kind, function()
      need_unix()
      local trace, output = run.traced("-e trace=close,rt_sigprocmask"
        .. " -e inject=close,rt_sigprocmask:delay_exit=20000", BEGINNING .. [[
        local function isstarting()
          local level, frame = 1, nil
          repeat
            level = level + 1
            frame = debug.getinfo(level, "f")
          until not frame or frame.func == pidfd.spawn
          return frame ~= nil
        end
        unix.handle(ALRM, function()
          print("handled", isstarting())
        end)
        local p = pidfd.spawn {
          "sh", "-c", "kill -ALRM $PPID; exit 3", ]] .. options .. [[ }
        print(p:wait())
      ]])
      if not trace then
        pending("needs strace")
      end
      assert.equal("handled\tfalse\nexit\t3\n", output)
    end)
  end
end)

-- They hold the pipe on which the child reports, so that it does not close
-- when the program runs.
describe("processes that another thread forks", function()
  for kind, options in pairs(kinds) do
    it("do not hold up the start of a child " .. kind, function()
      if not compiled.module("forker") then
        pending("needs a C compiler")
      end
      local trace, output = run.traced("-f -e trace=clone"
        .. " -e inject=clone:delay_exit=3000 timeout -s KILL 60", [[
        local pidfd, forker = require "pidfd", require "forker"

        -- The numbers of all children, whatever thread has made them.
        local function children()
          local file = io.popen(("cat /proc/%d/task/*/children")
            :format(pidfd.self():pid()))
          local text = file:read("a")
          file:close()
          return text:gmatch("%d+")
        end

        -- How many children have an end for writing of a pipe that is not
        -- ours: so of one on which another child was to report.
        local function holders()
          local self, own, count = pidfd.self(), {}, 0
          for _, target in pairs(self:fds()) do
            own[target] = true
          end
          for pid in children() do
            local p, holds = pidfd.open(math.tointeger(tonumber(pid))), false
            for number, target in pairs(p and p:fds() or {}) do
              local info = p:proc("fdinfo/" .. number)
              holds = holds or target:find("^pipe:") and not own[target]
                and info:find("flags:%s*%d+1\n")
            end
            count = count + (holds and 1 or 0)
          end
          return count
        end

        assert(forker.start())
        local list = {}
        repeat
          local p = assert(pidfd.spawn {
            "sleep", "600", pdeathsig = "KILL", ]] .. options .. [[
          })
          table.insert(list, p)
          assert(not pidfd.spawn { "/nowhere", ]] .. options .. [[ })
        until forker.done()
        print(holders() > 0)
        for _, p in ipairs(list) do
          p:send_signal("KILL")
          assert(p:wait() == "signal")
        end
      ]])
      if not trace then
        pending("needs strace")
      end
      assert.equal("true\n", output)
    end)
  end
end)

describe("a child that was stopped before its program runs", function()
  it("is told to go on", function()
    local trace, output = run.traced(
      "-f -e trace=execve,chdir,pidfd_send_signal"
        .. " -e inject=chdir:signal=STOP timeout -s KILL 20", [[
      local pidfd = require "pidfd"
      for _ = 1, 3 do
        print(assert(pidfd.spawn { "true", cwd = "/" }):wait())
      end
    ]])
    if not trace then
      pending("needs strace")
    end
    assert.equal(("exit\t0\n"):rep(3), output)
    assert.matches("SIGCONT", trace)
  end)
end)

describe("a child from autoreap that was stopped before its program runs",
  function()
    it("is told to go on", function()
      if not pidfd.supports("autoreap") then
        pending("CLONE_AUTOREAP (Linux 7.1, not on every machine)")
      end
      local trace, output = run.traced(
        "-f -e trace=execve,chdir,pidfd_send_signal"
          .. " -e inject=chdir:signal=STOP timeout -s KILL 60", [[
        local pidfd = require "pidfd"
        for _ = 1, 3 do
          local p = assert(pidfd.spawn { "true", cwd = "/", autoreap = true })
          print(p:wait())
        end
      ]])
      if not trace then
        pending("needs strace")
      end
      assert.equal(("exit\t0\n"):rep(3), output)
      assert.matches("SIGCONT", trace)
    end)
  end)

describe("a child that is killed before its program runs", function()
  it("counts as started, and p:wait() tells of the signal", function()
    local trace, output = run.traced(
      "-f -e trace=chdir -e inject=chdir:signal=KILL", [[
      local pidfd = require "pidfd"
      print(assert(pidfd.spawn { "true", cwd = "/" }):wait())
    ]])
    if not trace then
      pending("needs strace")
    end
    assert.equal("signal\t9\n", output)
  end)
end)

describe("pidfd.spawn() where clone() refuses", function()
  local PROGRAM = [[
    local pidfd = require "pidfd"
    local fds = require "spec.support.fds"
    local spawned = require "spec.support.spawned"
    local before = fds.count()
    for _ = 1, 3 do
      local p = assert(pidfd.spawn { "sh", "-c", "exit 3", stdin = "null" })
      print(p:wait())
      p:close()
      print(select(3, pidfd.spawn { "/nowhere" }))
      print(select(3, pidfd.spawn { "true", cwd = "/nowhere" }))
    end
    print(fds.count() - before, spawned.children())
  ]]
  local EXPECTED = ("exit\t3\n2\n2\n"):rep(3) .. "0\t\n"

  local function assert_works(inject)
    local trace, output = run.traced("-e trace=clone -e inject=clone:"
      .. inject, PROGRAM)
    if not trace then
      pending("needs strace")
    end
    assert.equal(EXPECTED, output)
    return trace
  end

  it("to share our memory, makes a copy of it", function()
    local trace = assert_works("error=EINVAL:when=1..17+2")
    assert.matches("CLONE_VM.-EINVAL.-CLONE_PIDFD", trace)
  end)

  it("to make a pidfd, opens one", function()
    local trace, output = run.traced("-e trace=clone,pidfd_open"
      .. " -e inject=clone:error=EINVAL:when=1..2", [[
      print(require("pidfd").spawn({ "sh", "-c", "exit 3" }):wait())
    ]])
    if not trace then
      pending("needs strace")
    end
    assert.equal("exit\t3\n", output)
    assert.matches("pidfd_open", trace)
  end)

  it("altogether, fails", function()
    local trace, output = run.traced("-e trace=clone"
      .. " -e inject=clone:error=EINVAL", [[
      print(require("pidfd").spawn { "true" })
    ]])
    if not trace then
      pending("needs strace")
    end
    assert.equal("nil\tspawn: clone: Invalid argument\t22\n", output)
  end)
end)

describe("pidfd.spawn()", function()
  it("works in an emulator that shares no memory", function()
    if not os.execute("valgrind --version >/dev/null 2>&1") then
      pending("needs valgrind")
    end
    local output = run.under("exec valgrind -q", [[
      local pidfd = require "pidfd"
      print(select(3, pidfd.spawn { "/nowhere" }))
      print(pidfd.spawn({ "sh", "-c", "exit 3" }):wait())
    ]])
    if output:find("ASan runtime", 1, true) then
      pending("needs a module without ASan")
    end
    assert.matches("2\n", output)
    assert.matches("exit\t3\n", output)
  end)

  it("fails with ENOMEM where children have no init, and says so", function()
    local output = run.unshared("--pid", [[
      local pidfd = require "pidfd"
      assert(pidfd.spawn { "true" }):wait() -- it was the init
      local p, message, code = pidfd.spawn { "true" }
      print(p, message:match("^(spawn: clone: )"), message:match("%b()$"),
        pidfd.errno[code])
    ]])
    if not output then
      pending("needs namespaces")
    end
    assert.equal("nil\tspawn: clone: \t(has the init process of their pid "
      .. "namespace ended?)\tENOMEM\n", output)
  end)

  for _, size in ipairs { 16, 32, 64, 80, 128 } do
    it(("works in a thread with a stack of %d KiB"):format(size), function()
      if not has "luv" then
        pending("needs luv")
      end
      if size == 16 then
        language.need("'require' in a stack of 16 KiB")
      end
      local output = script.run([[
        local thread = require("luv").new_thread({
          stack_size = tonumber(arg[1]) * 1024,
        }, function()
          local pidfd = require "pidfd"
          print(pidfd.spawn({ "true" }):wait())
          print(select(3, pidfd.spawn { "/nowhere", cwd = "/" }))
        end)
        thread:join()
      ]], size)
      assert.equal("exit\t0\n2\n", output)
    end)
  end

  it("fails with what ails the wait, and leaves no child", function()
    local trace, output = run.traced(
      "-e trace=ppoll -e inject=ppoll:error=ENOMEM", [[
      local spawned = require "spec.support.spawned"
      print(require("pidfd").spawn { "sleep", "60" })
      print(spawned.children())
    ]])
    if not trace then
      pending("needs strace")
    end
    assert.matches("^nil\tspawn: ppoll: [^\t]+\t12\n\n$", output)
  end)
end)

-- A child that cannot write to the pipe ends all the same, and without its
-- program.
describe("pidfd.spawn() where write() is refused", function()
  for kind, options in pairs(kinds) do
    it("still fails for a child " .. kind, function()
      local refusing = run.refusing("write", "EPERM")
      if not refusing then
        pending("needs a C compiler")
      end
      local program = [[
        local pidfd = require "pidfd"
        local spawned = require "spec.support.spawned"
        local p, message, code = pidfd.spawn { "/nowhere", ]] .. options .. [[ }
        local told = not p and message:find("execve /nowhere: ", 1, true)
          and code == pidfd.errno.ENOENT and spawned.children() == ""
        local q = assert(pidfd.spawn { "sh", "-c", "exit 127", ]]
          .. options .. [[ })
        local how, status = q:wait()
        os.exit(told and how == "exit" and status == 127 and 3 or 4)
      ]]
      local _, how, code = os.execute(refusing .. " "
        .. script.command(program) .. " 2>/dev/null")
      assert.same({ "exit", 3 }, { how, code })
    end)
  end
end)

describe("pidfd.spawn() in a thread that is to be cancelled", function()
  local PROGRAM = [[
    local cancel = require "cancel"
    print(cancel.run("local p, _, code = pidfd.spawn { '/nowhere', "
      .. arg[1] .. " }; return tostring(p) .. ' ' .. code"))
    print(cancel.run("local p = assert(pidfd.spawn { 'sh', '-c', 'exit 3', "
      .. arg[1] .. " }); return pidfd.type(p)"))
    print(require("spec.support.spawned").children() ~= "")
  ]]

  for kind, options in pairs(kinds) do
    for _, refused in ipairs { false, true } do
      local where = refused and ", without close_range()" or ""
      it("works, for a child " .. kind .. where, function()
        if not compiled.module("cancel") then
          pending("needs a C compiler")
        end
        local prefix = "exec "
        if refused then -- so it opens a directory, and reads it
          prefix = prefix .. run.refusing(run.CLOSE_RANGE, "ENOSYS")
        end
        assert.equal("nil 2\t0\npidfd\t0\ntrue\n",
          (run.under(prefix, PROGRAM, options)))
      end)
    end
  end
end)

-- A child that shares our memory would disturb it: 'errno', locks, and what
-- a thread that is to be cancelled has to clean up.
describe("the child's code", function()
  for _, name in ipairs { "child", "move" } do
    it("calls nothing of the C library: " .. name .. ".c", function()
      directory.with(function(where)
        local object = where .. "/object.o"
        local compile = "cc -std=gnu11 -O2 -fPIC -c -o %s src/linux/%s.c"
        compile = compile:format(object, name)
        if not os.execute(compile .. " 2>/dev/null") then
          pending("needs a C compiler, and the source")
        end
        local symbols = assert(io.popen("nm -u " .. object))
        local others = {}
        for line in symbols:lines() do
          local symbol = line:match("%S+$")
          if not symbol:find("^pfd_") and symbol:find("%a") then
            table.insert(others, symbol)
          end
        end
        symbols:close()
        assert.same({}, others)
      end)
    end)
  end
end)
