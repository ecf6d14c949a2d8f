local ended = require "spec.support.ended"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local need = require "spec.support.need"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local script = require "spec.support.script"
local state = require "spec.support.state"
local threads = require "spec.support.threads"

local assert_end = ended.assert

local flags = pidfd.flags

-- There, getfd says EBADF of a thread that has ended.
local OLD = not kernel.at_least(5, 15)

-- Lend 'use' a process of two threads: its pidfd, and the partner.
local function with_process(argument, use)
  threads.with(argument, function(process, tid)
    local p = assert(pidfd.open(process.pid))
    use(p, process, tid)
    p:close()
  end)
end

-- The same, with a pidfd of its second thread in between.
local function with_thread(use)
  kernel.need(6, 9, "pidfds of threads")
  with_process("", function(p, process, tid)
    local thread = assert(pidfd.open(tid, flags.THREAD))
    use(p, thread, process, tid)
    thread:close()
  end)
end

describe("a process whose first thread has ended", function()
  local function with_leaderless(use)
    with_process("leaderless", function(p, process, tid)
      state.await(process.pid, "Z")
      use(p, process, tid)
    end)
  end

  it("has not ended", function()
    with_leaderless(function(p)
      assert.is_false(p:poll(0))
      assert.is_false(p:poll(0.02))
      assert.same({}, pidfd.poll({ p }, 0))
      fails("wait", "ETIMEDOUT", p:wait(0))
      fails("wait", "ETIMEDOUT", p:wait(0.02))
      assert.is_false(p:waitid(flags.WEXITED + flags.WNOHANG))
    end)
  end)

  it("ends with its last thread", function()
    with_leaderless(function(p, process)
      process.tell("exit")
      assert.is_true(p:poll())
      assert_end("exit", 3, p:wait())
    end)
  end)

  it("is waited for until its last thread ends", function()
    with_leaderless(function(p, process)
      process.tell("exit")
      assert_end("exit", 3, p:wait())
    end)
  end)

  it("gets signals", function()
    with_leaderless(function(p, process, tid)
      assert.is_true(p:send_signal("USR1"))
      assert.equal(tostring(tid), process.hear())
    end)
  end)

  it("is terminated", function()
    with_leaderless(function(p)
      assert_end("signal", 15, p:terminate(60))
    end)
  end)

  it("still has its pid", function()
    with_leaderless(function(p, process)
      assert.equal(process.pid, p:pid())
    end)
  end)

  it("shows the descriptors that its other threads have", function()
    with_leaderless(function(p)
      local open = assert(p:fds())
      assert.is_string(open[0])
      assert.is_string(open[1])
    end)
  end)

  it("lends its descriptors", function()
    with_leaderless(function(p)
      if kernel.at_least(6, 9) then
        local fd = assert(p:getfd(0))
        fd:close()
        fails("getfd", "EBADF", p:getfd(999))
      else
        fails("getfd", OLD and "EBADF" or "EOPNOTSUPP", p:getfd(0))
      end
    end)
  end)

  for _, kind in ipairs { "net", "mnt", "user" } do
    it("shows its namespace " .. kind, function()
      with_leaderless(function(p)
        local ours, theirs = assert(pidfd.self()), assert(p:namespace(kind))
        local same = assert(ours:namespace(kind))
        local links = assert(ours:fds())
        assert.equal(links[same:fileno()], links[theirs:fileno()])
        same:close()
        theirs:close()
        ours:close()
      end)
    end)
  end

  for _, name in ipairs { "environ", "maps", "cmdline" } do
    it("shows the file " .. name, function()
      with_leaderless(function(p)
        assert.is_true(#assert(p:proc(name)) > 0)
      end)
    end)
  end

  it("shows its own state, not that of another thread", function()
    with_leaderless(function(p)
      assert.matches("%) Z ", p:proc("stat"))
    end)
  end)

  it("gives back all descriptors", function()
    with_leaderless(function(p)
      assert.equal(0, fds.leaked(function()
        p:fds()
        p:proc("environ")
        local fd, namespace = p:getfd(0), p:namespace("net")
        if fd then
          fd:close()
        end
        namespace:close()
      end))
    end)
  end)

  it("has ended for all calls once its last thread has", function()
    with_leaderless(function(p, process)
      process.tell("exit")
      p:poll()
      fails("fds", "ESRCH", p:fds())
      fails("getfd", OLD and "EBADF" or "ESRCH", p:getfd(0))
      fails("namespace", "ESRCH", p:namespace("net"))
    end)
  end)
end)

describe("a process of which another thread executes a program", function()
  it("is the same process, which ends with that program", function()
    with_process("", function(p, process)
      local id = p:id()
      process.tell("exec")
      local name = ("/proc/%d/comm"):format(process.pid)
      repeat until read(name) == "sh\n" -- which has one thread
      assert.is_false(p:poll(0))
      assert.equal(process.pid, p:pid())
      assert.equal(id, p:id())
      process.tell("")
      assert_end("exit", 5, p:wait())
    end)
  end)
end)

describe("a pidfd of a thread", function()
  it("has the thread's id as its pid", function()
    with_thread(function(_, thread, process, tid)
      assert.equal(tid, thread:pid())
      if kernel.at_least(6, 13) then
        local info = assert(thread:info())
        assert.equal(tid, info.pid)
        assert.equal(process.pid, info.tgid)
      end
    end)
  end)

  it("is not equal to its process's, but the leader's is", function()
    with_thread(function(p, thread, process)
      assert.is_false(p == thread)
      local leader = assert(pidfd.open(process.pid, flags.THREAD))
      assert.is_true(p == leader)
      leader:close()
    end)
  end)

  it("is ready when the thread ends, and the process is not", function()
    with_thread(function(p, thread, process)
      assert.is_false(thread:poll(0))
      fails("wait", "ETIMEDOUT", thread:wait(0))
      process.tell("leave")
      assert.is_true(thread:poll())
      assert.is_false(p:poll(0))
      assert.same({ thread }, pidfd.poll({ p, thread }))
    end)
  end)

  it("tells how the thread ended", function()
    kernel.need(6, 15, "the end of a thread")
    with_thread(function(_, thread, process)
      process.tell("leave")
      assert_end("exit", 0, thread:wait())
    end)
  end)

  it("tells the status of a process that ends as a whole", function()
    kernel.need(6, 15, "the end of a thread")
    with_thread(function(p, thread, process)
      process.tell("exit")
      assert_end("exit", 3, thread:wait())
      assert_end("exit", 3, p:wait())
    end)
  end)

  it("has nothing to report by waitid()", function()
    with_thread(function(_, thread)
      fails("waitid", "ECHILD", thread:waitid(flags.WEXITED + flags.WNOHANG))
    end)
  end)

  it("is over, without a process, when the thread executes one", function()
    with_thread(function(p, thread, process)
      process.tell("exec")
      assert.is_true(thread:poll())
      assert.is_false(p:poll(0))
      fails("pid", "ESRCH", thread:pid())
    end)
  end)

  it("terminates the process as a whole", function()
    with_thread(function(p, thread)
      local how, code = thread:terminate(60)
      assert.is_true(how == "signal" and code == 15 or how == "unknown")
      assert_end("signal", 15, p:wait())
    end)
  end)
end)

-- In a process of two threads of Lua: the second waits for itself if it is to,
-- and the first prints the errno of a call on the second, which it knows as
-- 'thread'. Returns what they printed.
local function two_threads(waits, call)
  kernel.need(6, 9, "pidfds of threads")
  need("luv")
  return (script.run([[
    local argument = require "spec.programs.argument"
    local uv, pidfd = require "luv", require "pidfd"
    local function work(async, what)
      local loop, module = require "luv", require "pidfd"
      local thread = module.self(module.flags.THREAD)
      if what == "waits" then
        print(module.errno[select(3, thread:wait(1))])
        print(module.errno[select(3, module.self():wait(1))])
        io.stdout:flush()
      end
      async:send(thread:pid())
      loop.sleep(60000)
    end
    local async = uv.new_async(function(tid)
      local thread = pidfd.open(tid, pidfd.flags.THREAD)
      print(pidfd.errno[select(3, argument(arg[2], { thread = thread })())])
      os.exit()
    end)
    uv.new_thread(work, async, arg[1])
    uv.run()
  ]], waits, call))
end

describe("a thread of this process", function()
  it("cannot wait for itself, nor for the process", function()
    assert.matches("^EDEADLK\nEDEADLK\n",
      two_threads("waits", "thread:wait(0)"))
  end)

  it("can be waited for by another one", function()
    assert.equal("ETIMEDOUT\n", two_threads("", "thread:wait(0.02)"))
  end)

  it("cannot be terminated, as it would not go alone", function()
    assert.equal("EDEADLK\n", two_threads("", "thread:terminate(0)"))
  end)
end)
