local child = require "spec.support.child"
local elsewhere = require "spec.support.elsewhere"
local ensure = require "spec.support.ensure"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local run = require "spec.support.run"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"

local function need_info()
  kernel.need(6, 13, "PIDFD_GET_INFO")
end

local function need_exit()
  kernel.need(6, 15, "PIDFD_INFO_EXIT")
end

-- Call 'use' where the kernel hands each core dump, with a pidfd, to a program
-- that ignores it. That is a setting of the whole machine: on User Mode Linux
-- the machine is ours.
local function with_handler(use)
  local path = "/proc/sys/kernel/core_pattern"
  local ours = read("/proc/cpuinfo"):find("User Mode Linux", 1, true)
  local file = ours and io.open(path, "r+")
  if not file then
    pending("needs a machine whose core_pattern we may change")
  end
  file:close()
  local function write(pattern)
    file = assert(io.open(path, "w"))
    assert(file:write(pattern))
    assert(file:close())
  end
  local before = read(path)
  write("|/bin/true %F")
  ensure(use, function()
    write(before)
  end)
end

-- What /proc/PID/status tells under that name, as numbers.
local function status(pid, name)
  local text = read(("/proc/%s/status"):format(pid))
  local line = text:match("\n" .. name .. ":([%s%d]+)\n")
  local numbers = {}
  for number in line:gmatch("%d+") do
    table.insert(numbers, math.tointeger(number))
  end
  return numbers
end

local function keys(list)
  local names = {}
  for name in pairs(list) do
    table.insert(names, name)
  end
  table.sort(names)
  return table.concat(names, " ")
end

local CREDENTIALS = { "ruid", "rgid", "euid", "egid", "suid", "sgid", "fsuid",
  "fsgid" }

-- Where the one hierarchy of cgroups v2 is, or nil.
local function cgroup_root()
  local mounts = read("/proc/self/mountinfo")
  return mounts:match("%d+ %d+ %S+ / (%S+)[^\n]* %- cgroup2 ")
end

-- What p:info() returns, in a line, where the kernel fills in each field with
-- a number of its own, and says that these bits of 'mask' are filled in.
local function info_told(mask)
  local fields = string.pack("=I8I8" .. ("I4"):rep(14) .. "I8", mask, 20, 1, 2,
    3, 4, 5, 6, 7, 8, 9, 10, 11, 139, 21, 22, 0)
  local bytes = fields:gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end)
  local _, output = run.traced(
    "-e trace=ioctl -e inject=ioctl:retval=0:poke_exit=@arg3=" .. bytes, [[
      local line
      function line(list)
        local words = {}
        for name, value in pairs(list) do
          value = type(value) == "table" and line(value) or value
          table.insert(words, name .. "=" .. tostring(value))
        end
        table.sort(words)
        return table.concat(words, " ")
      end
      local pidfd = require "pidfd"
      print(line(assert(pidfd.self():info())))
      os.exit(0) -- or the interpreter would ask whether files are terminals
    ]])
  return output
end

local function inode_of_cgroup()
  local root = cgroup_root()
  local path = ("\n" .. read("/proc/self/cgroup")):match("\n0::(%C*)")
  return root and path and tonumber((spawned.output {
    "stat", "-c", "%i", root .. path, stderr = "null",
  }))
end

describe("p:info()", function()
  local told = {
    [0] = "",
    [1] = "pid=1 ppid=3 tgid=2",
    [2] = "egid=7 euid=6 fsgid=11 fsuid=10 rgid=5 ruid=4 sgid=9 suid=8",
    [4] = "cgroupid=20",
    [8] = "exit=code=11 core=true how=signal",
    [16] = "coredump_mask=21",
    [64] = "coredump_signal=22",
  }

  for mask, fields in sorted(told) do
    it(("has what the kernel has filled in, for the bit %d"):format(mask),
      function()
        assert.equal(fields .. "\n", info_told(mask))
      end)
  end

  it("tells the pid, the thread group and the parent of a child", function()
    need_info()
    child.with(function(p, pid)
      local info = assert(p:info())
      assert.equal(pid, info.pid)
      assert.equal(pid, info.tgid)
      assert.equal(child.self(), info.ppid)
    end)
  end)

  it("tells the owner", function()
    need_info()
    child.with(function(p, pid)
      local info = assert(p:info())
      local uid, gid = status(pid, "Uid"), status(pid, "Gid")
      assert.same(uid, { info.ruid, info.euid, info.suid, info.fsuid })
      assert.same(gid, { info.rgid, info.egid, info.sgid, info.fsgid })
    end)
  end)

  it("tells the owner that the process has become", function()
    need_info()
    child.ready({ "setpriv", "--ruid=1111", "--euid=2222", "--rgid=3333",
      "--egid=4444", "--clear-groups", "sh", "-p", "-c", "echo; exec sleep 60",
      stderr = "null" }, function(p, said)
      if not said then
        pending("needs root")
      end
      local info = assert(p:info())
      assert.same({ 1111, 2222, 3333, 4444 },
        { info.ruid, info.euid, info.rgid, info.egid })
    end)
  end)

  it("tells the inode number of the cgroup's directory", function()
    need_info()
    local inode = inode_of_cgroup()
    if not inode then
      pending("needs cgroups of version 2")
    end
    local p = assert(pidfd.self())
    assert.equal(inode, p:info().cgroupid)
    p:close()
  end)

  it("has integers only, while the process lives", function()
    need_info()
    local p = assert(pidfd.self())
    for _, value in pairs(assert(p:info())) do
      assert.equal("integer", math.type(value))
    end
    p:close()
  end)

  it("has no exit, and no signal of a crash, while the process lives",
    function()
      need_info()
      local p = assert(pidfd.self())
      assert.is_nil(p:info().exit)
      assert.is_nil(p:info().coredump_signal)
      p:close()
    end)

  it("tells what a crash would leave", function()
    kernel.need(6, 16, "PIDFD_INFO_COREDUMP")
    child.with(function(p)
      assert.equal(pidfd.flags.COREDUMP_USER, p:info().coredump_mask)
    end)
  end)

  it("tells what a crash has left, and by which signal", function()
    kernel.need(6, 19, "PIDFD_INFO_COREDUMP_SIGNAL")
    with_handler(function()
      child.running({ "sh", "-c", "kill -ABRT $$" }, function(p)
        assert.is_true(p:poll(60))
        local zombie = p:info()
        assert.equal("signal", p:wait(60))
        local flags = pidfd.flags
        for _, info in ipairs { zombie, p:info() } do
          assert.equal(flags.COREDUMPED + flags.COREDUMP_USER,
            info.coredump_mask)
          assert.equal(pidfd.signal.ABRT, info.coredump_signal)
        end
        assert.is_true(p:info().exit.core)
      end)
    end)
  end)

  it("tells the code of the signal that a process crashed by", function()
    kernel.need(7, 1, "PIDFD_INFO_COREDUMP_CODE")
    local SI_USER, SI_QUEUE = 0, -1
    with_handler(function()
      for value, code in pairs { [false] = SI_USER, [7] = SI_QUEUE } do
        child.with(function(p)
          assert(p:send_signal("SEGV", 0, value or nil))
          assert.same({ "signal", pidfd.signal.SEGV }, { p:wait(60) })
          local info = p:info()
          assert.equal(pidfd.signal.SEGV, info.coredump_signal)
          assert.equal(code, info.coredump_code)
        end)
      end
    end)
  end)

  it("still tells everything but the exit of a zombie", function()
    need_info()
    child.with_zombie(function(p, pid)
      local info = assert(p:info())
      assert.equal(pid, info.pid)
      assert.equal(child.self(), info.ppid)
      for _, name in ipairs(CREDENTIALS) do
        assert.equal("integer", math.type(info[name]))
      end
      assert.is_nil(info.exit)
    end)
  end)

  it("tells of a process that is another's, to a stranger", function()
    need_info()
    local output = run.as_stranger [[
      local pidfd = require "pidfd"
      local pid = math.tointeger(arg[1])
      local info = assert(assert(pidfd.open(pid)):info())
      print(info.pid == pid, info.euid)
    ]]
    assert.equal("true\t0\n", output)
  end)

  it("tells how a process that was reaped has exited", function()
    need_exit()
    child.shell("exit 3", function(p)
      assert(p:wait())
      local exit = p:info().exit
      assert.same({ how = "exit", code = 3, core = false }, exit)
    end)
  end)

  it("tells which signal has ended a process that was reaped", function()
    need_exit()
    child.with_reaped(function(p)
      local exit = p:info().exit
      assert.same({ how = "signal", code = 9, core = false }, exit)
    end)
  end)

  it("has nothing that a process no longer has once it was reaped", function()
    need_exit()
    child.with_reaped(function(p)
      local info = assert(p:info())
      info.coredump_mask, info.coredump_signal = nil, nil
      assert.equal("cgroupid exit", keys(info))
    end)
  end)

  it("fails with ESRCH for a process that was reaped", function()
    need_info()
    kernel.need_before(6, 15)
    child.with_reaped(function(p)
      fails("info", "ESRCH", p:info())
    end)
  end)

  it("fails with ENOTTY or EINVAL on a kernel that lacks it", function()
    kernel.need_before(6, 13)
    local p = assert(pidfd.self())
    local info, message, code = p:info()
    assert.is_nil(info)
    assert.matches("^info %d+: .*6%.13", message)
    assert.is_true(code == pidfd.errno.ENOTTY or code == pidfd.errno.EINVAL)
    p:close()
  end)

  it("fails with EREMOTE or ESRCH outside of the pid namespace", function()
    need_info()
    local errno = elsewhere.outside "p:info()"
    assert.is_true(errno == "EREMOTE" or errno == "ESRCH")
  end)

  it("makes no descriptor", function()
    child.with_reaped(function(p)
      local q = assert(pidfd.self())
      assert.equal(0, fds.leaked(function()
        q:info()
        p:info()
      end))
      q:close()
    end)
  end)
end)
