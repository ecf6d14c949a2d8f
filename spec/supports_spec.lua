local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local fds = require "spec.support.fds"
local has = require "spec.support.has"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local scarce = require "spec.support.scarce"
local sorted = require "spec.support.sorted"

-- Each feature: the Linux that brought it, and the system calls it stands on.
local FEATURES = {
  autoreap = { 7, 1, "clone3" },
  coredump_code = { 7, 1, "ioctl" },
  getfd = { 5, 6, "pidfd_getfd" },
  id = { 6, 9, "fstatfs" },
  info = { 6, 13, "ioctl" },
  info_exit = { 6, 15, "ioctl" },
  madvise = { 5, 10, "process_madvise" },
  mrelease = { 5, 15, "process_mrelease" },
  namespaces = { 6, 11, "ioctl" },
  nonblock = { 5, 10, "pidfd_open" },
  passpidfd = { 6, 5, "setsockopt" },
  peer = { 6, 5, "getsockopt" },
  pid_in_namespace = { 6, 11, "ioctl" },
  proc = { 5, 6, "openat2" },
  signal_scopes = { 6, 9, "pidfd_send_signal" },
  thread = { 6, 9, "pidfd_open" },
  waitid = { 5, 4, "waitid" },
}

-- Does the call work that the feature is about? No answer where that cannot
-- be seen from here.
local function errno(_, _, code)
  return pidfd.errno[code]
end

local CALLS = {
  autoreap = function()
    local p = pidfd.spawn { "true", autoreap = true }
    return p ~= nil and p:close()
  end,
  getfd = function(p) return errno(p:getfd(1000000)) == "EBADF" end,
  id = function(p) return p:id() ~= nil end,
  info = function(p) return p:info() ~= nil end,
  info_exit = function()
    local told
    child.with_reaped(function(p)
      told = p:info() ~= nil and p:info().exit ~= nil
    end)
    return told
  end,
  madvise = function(p) return errno(p:madvise("COLD", {})) ~= "ENOSYS" end,
  mrelease = function(p) return errno(p:mrelease()) == "EINVAL" end,
  nonblock = function(_, pid)
    local p = pidfd.open(pid, pidfd.flags.NONBLOCK)
    return p ~= nil and p:close()
  end,
  passpidfd = function()
    if has "cqueues" then
      local socket, other = require("cqueues.socket").pair()
      local works = pidfd.passpidfd(socket, true)
      socket:close()
      other:close()
      return works ~= nil
    end
  end,
  peer = function()
    if has "cqueues" then
      local socket, other = require("cqueues.socket").pair()
      local p = pidfd.peer(socket)
      socket:close()
      other:close()
      return p ~= nil and p:close()
    end
  end,
  pid_in_namespace = function(p, pid)
    local ns = assert(p:namespace("pid"))
    local number = p:pid(ns)
    ns:close()
    return number == pid
  end,
  proc = function(p) return p:proc("comm") ~= nil end,
  signal_scopes = function() -- a number would do for our own
    local init = assert(pidfd.open(1))
    local code = errno(init:send_signal(0, pidfd.flags.SIGNAL_THREAD))
    init:close()
    return code ~= "EINVAL"
  end,
  thread = function(_, pid)
    local p = pidfd.open(pid, pidfd.flags.THREAD)
    return p ~= nil and p:close()
  end,
  waitid = function(p)
    return errno(p:waitid(pidfd.flags.WEXITED)) == "ECHILD"
  end,
}

-- A program that tells, of each of its arguments, whether it is supported.
-- With a buffer from the start, musl does not ask by ioctl(2) for a terminal.
-- It ends by itself: to read on in /dev/null, the C library would ask, too.
local ASK = [[
  io.stdout:setvbuf("full")
  local pidfd = require "pidfd"
  for _, name in ipairs(arg) do
    print(name, pidfd.supports(name))
  end
  os.exit(true)
]]

-- What a filter does to a call: for the name of a spec, and for filter.c.
local ACTIONS = {
  ["answers EPERM"] = "1",
  ["answers ENOSYS"] = "38",
  ["kills"] = "kill",
  ["sends SIGSYS"] = "trap",
}

-- Run 'program' where a filter does so to these calls. Returns its output.
local function filtered(action, calls, program, ...)
  local filter = compiled.need_program("filter")
  if run.under(filter .. " 1 capget --", "print 'runs'") == "" then
    pending("needs seccomp filters")
  end
  local prefix = ("ulimit -c 0; exec %s %s %s --"):format(filter, action, calls)
  return run.under(prefix, program, ...)
end

-- Two questions that the filter kills for, and then a look for a child.
local WAIT = [[
  io.stdout:setvbuf("full")
  local pidfd = require "pidfd"
  print(pidfd.supports("getfd"), pidfd.supports("info"))
  local children = io.open("/proc/thread-self/children"):read("a")
  print(children == "" and "nobody" or children)
  os.exit(true)
]]

describe("pidfd.supports()", function()
  for name, feature in sorted(FEATURES) do
    it("returns whether the kernel has " .. name, function()
      local expected = kernel.at_least(feature[1], feature[2])
      assert.equal(expected, pidfd.supports(name))
    end)
  end

  for name, call in sorted(CALLS) do
    it("agrees with what the call does, for " .. name, function()
      local p = assert(pidfd.self())
      local works = call(p, child.self())
      p:close()
      if works == nil then
        pending("no socket to try it with")
      end
      assert.equal(works, pidfd.supports(name))
    end)
  end

  for name, feature in sorted(FEATURES) do
    for says, action in sorted(ACTIONS) do
      it(("returns false where a filter %s, for %s"):format(says, name),
        function()
          local output = filtered(action, feature[3], ASK, name)
          assert.equal(name .. "\tfalse\n", output)
        end)
    end
  end

  it("does not take a filter of one call for an older kernel", function()
    local filter = compiled.need_program("filter")
    for _, call in ipairs { "pidfd_send_signal", "process_mrelease" } do
      local output = run.under(filter .. " 1 " .. call .. " --", ASK,
        "info_exit")
      if output == "" then
        pending("needs seccomp filters")
      end
      assert.equal(("info_exit\t%s\n"):format(kernel.at_least(6, 15)), output)
    end
  end)

  for says, action in sorted(ACTIONS) do
    it("says no to nothing else where a filter " .. says .. " for pidfd_open",
      function()
        for name, feature in pairs(FEATURES) do
          if feature[3] ~= "pidfd_open" then
            assert.equal(("%s\t%s\n"):format(name, pidfd.supports(name)),
              filtered(action, "pidfd_open", ASK, name))
          end
        end
      end)
  end

  it("survives a filter that kills for what keeps a child from dumping",
    function()
      assert.equal("getfd\ttrue\n", filtered("kill", "prctl", ASK, "getfd"))
    end)

  it("fails where a filter refuses the child that would ask", function()
    for name in pairs(FEATURES) do
      assert.equal(name .. "\tnil\tsupports " .. name ..
        ": Operation not permitted\t1\n", filtered("1", "clone", ASK, name))
    end
  end)

  -- One of the errors is EINTR, for ever.
  it("waits for the child by waitid(2) where a filter refuses wait4(2)",
    function()
      for _, code in ipairs { "0", "1", "4", "38" } do
        assert.equal("getfd\ttrue\n", filtered(code, "wait4", ASK, "getfd"))
      end
    end)

  it("fails where a filter refuses both", function()
    assert.equal(
      "getfd\tnil\tsupports getfd: Resource temporarily unavailable\t11\n",
      filtered("4", "wait4 waitid", ASK, "getfd"))
    assert.equal("getfd\tnil\tsupports getfd: Operation not permitted\t1\n",
      filtered("1", "wait4 waitid", ASK, "getfd"))
    assert.equal(
      "getfd\tnil\tsupports getfd: Resource temporarily unavailable\t11\n",
      filtered("0", "wait4 waitid", ASK, "getfd"))
  end)

  it("learns by waitid(2) that a filter has killed the child", function()
    local filter = compiled.need_program("filter")
    assert.equal("getfd\tfalse\n", filtered("kill",
      "pidfd_getfd -- " .. filter .. " 38 wait4", ASK, "getfd"))
  end)

  -- The child could be the first one of a pid namespace.
  it("starts no child where the links in /proc cannot be read", function()
    assert.matches("^getfd\tnil\tsupports getfd: [^\t]*\t12\n$",
      filtered("12", "readlinkat", ASK, "getfd"))
  end)

  it("takes an answer of 0 for no new process", function()
    assert.equal("getfd\tnil\tsupports getfd: Operation not permitted\t1\n",
      filtered("0", "clone", ASK, "getfd"))
    assert.equal("autoreap\tfalse\n",
      filtered("0", "clone3", ASK, "autoreap"))
  end)

  it("leaves nobody to wait for", function()
    local output = filtered("kill", "pidfd_getfd ioctl", WAIT)
    assert.equal("false\tfalse\nnobody\n", output)
  end)

  it("does not become the first process of a pid namespace", function()
    local options = "--pid"
    local output = run.unshared(options, [[
      local pidfd = require "pidfd"
      assert(pidfd.supports("getfd") and pidfd.supports("peer") ~= nil)
      assert(pidfd.supports("id") == (pidfd.self():id() ~= nil))
      print(assert(pidfd.spawn { "true" }):wait())
    ]])
    assert.equal("exit\t0\n", output)
  end)

  it("asks a child where children are put into a pid namespace that has others",
    function()
      local output = run.unshared("--pid", [[
        local pidfd = require "pidfd"
        local p = assert(pidfd.spawn { "sleep", "60", pdeathsig = "KILL" })
        print(pidfd.supports("getfd") == (pidfd.self():getfd(0) ~= nil))
        p:send_signal("KILL")
        print(p:wait())
      ]])
      assert.equal("true\nsignal\t9\n", output)
    end)

  it("finds out without /proc", function()
    local output = run.unshared(run.without_proc, [[
      local pidfd = require "pidfd"
      local known = pidfd.supports("namespaces")
      print(pidfd.supports("pid_in_namespace") == known)
    ]])
    assert.equal("true\n", output)
  end)

  it("fails in a finalizer where no descriptor is left", function()
    assert.equal("EMFILE\n", run.with_descriptors(24, [[
      local pidfd = require "pidfd"
      local kept = {}
      for _ = 1, 30 do
        kept[#kept + 1] = pidfd.self()
      end
      local said
      setmetatable({}, { __gc = function()
        said = pidfd.errno[select(3, pidfd.supports("passpidfd"))]
      end })
      collectgarbage()
      collectgarbage()
      print(said)
      for _, p in ipairs(kept) do
        p:close()
      end
    ]]))
  end)

  it("fails, or tells the truth, with few descriptors left", function()
    local names = {}
    for name in pairs(FEATURES) do
      table.insert(names, name)
    end
    local truth = {}
    for _, name in ipairs(names) do
      truth[name] = tostring(pidfd.supports(name))
    end
    local output = run.with_descriptors(24, [[
      local pidfd = require "pidfd"
      local held = {}
      for _, name in ipairs(arg) do
        pidfd.supports(name)
      end
      collectgarbage()
      collectgarbage("stop")
      repeat
        held[#held + 1] = pidfd.self()
      until not pidfd.self()
      for left = 0, 3 do
        for _, name in ipairs(arg) do
          local answer, _, code = pidfd.supports(name)
          print(left, name, answer == nil and pidfd.errno[code] or answer)
        end
        table.remove(held):close()
      end
    ]], table.unpack(names))
    assert.equal(4 * #names, select(2, output:gsub("\n", "")), output)
    for left, name, answer in output:gmatch("(%d)\t(%S+)\t(%S+)\n") do
      if answer ~= "EMFILE" or left == "3" then
        assert.equal(truth[name], answer, name .. " with " .. left)
      end
    end
  end)

  it("knows no other feature", function()
    local source = assert(io.open("src/api/supports.c"))
    for name in source:read("a"):gmatch('\n  {"([%w_]+)", ') do
      assert.is_table(FEATURES[name], name)
    end
    source:close()
  end)

  it("leaves no descriptor", function()
    collectgarbage()
    local before = fds.count()
    for name in pairs(FEATURES) do
      pidfd.supports(name)
    end
    assert.equal(before, fds.count())
  end)

  it("reaps no process", function()
    child.with_zombie(function(p)
      for name in pairs(FEATURES) do
        pidfd.supports(name)
      end
      local flags = pidfd.flags
      assert.equal("signal", (p:waitid(flags.WEXITED + flags.WNOWAIT)))
    end)
  end)

  it("sends no signal, and leaves no child", function()
    local names = {}
    for name in pairs(FEATURES) do
      table.insert(names, name)
    end
    local trace, output = run.traced("-f -e trace=clone -e signal=all", ASK,
      table.unpack(names))
    assert.equal(#names, select(2, output:gsub("\n", "")))
    assert.is_nil(trace:find("--- SIG", 1, true))
  end)

  it("takes a kernel that asks for the cgroup for one with autoreap", function()
    run.need_root() -- strace reads the arguments
    local trace, output = run.traced(
      "-f -e trace=clone3 -e inject=clone3:error=EBADF", ASK, "autoreap")
    assert.matches("cgroup=2147483647", trace)
    assert.matches("clone3%(.*EBADF", trace)
    assert.equal("autoreap\ttrue\n", output)
  end)

  it("lets the collector look for a descriptor", function()
    for _, name in ipairs { "getfd", "peer" } do
      local call = ("pidfd.supports(%q) ~= nil and true"):format(name)
      assert.equal("returns", scarce.with_garbage("", call))
    end
    assert.equal("EMFILE",
      scarce.without_garbage("", "pidfd.supports('proc')"))
  end)

  it("raises for an unknown feature, and says which", function()
    for _, name in ipairs { "", "GETFD", "fork" } do
      assert.error_matches(function() pidfd.supports(name) end,
        "bad argument #1.*'" .. name .. "'")
    end
    assert.error_matches(function() pidfd.supports("getfd\0") end,
      "bad argument #1.*string without zeros")
  end)

  it("raises for what is no string", function()
    for _, value in ipairs { 1, true, {}, print } do
      assert.error_matches(function() pidfd.supports(value) end,
        "bad argument #1")
    end
    assert.error_matches(function() pidfd.supports() end, "bad argument #1")
  end)
end)
