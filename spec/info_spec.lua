local child = require "spec.support.child"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local run = require "spec.support.run"
local script = require "spec.support.script"

local function need_info()
  if not kernel.at_least(6, 13) then
    pending("PIDFD_GET_INFO (Linux 6.13)")
  end
end

local function need_exit()
  if not kernel.at_least(6, 15) then
    pending("PIDFD_INFO_EXIT (Linux 6.15)")
  end
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

local function inode_of_cgroup()
  local root = cgroup_root()
  local path = ("\n" .. read("/proc/self/cgroup")):match("\n0::(%C*)")
  local stat = root and path
    and io.popen("stat -c %i " .. script.quote(root .. path) .. " 2>&-")
  return stat and stat:read("n"), stat and stat:close()
end

describe("p:info()", function()
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
    local command = "exec setpriv --ruid=1111 --euid=2222 --rgid=3333 "
      .. "--egid=4444 --clear-groups sleep 60"
    child.of("echo $$; " .. command .. " 2>&-", function(p, pid)
      while status(pid, "Uid")[1] ~= 1111 do
        if p:poll(0) then
          pending("needs root")
        end
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

  it("has no exit while the process lives", function()
    need_info()
    local p = assert(pidfd.self())
    assert.is_nil(p:info().exit)
    p:close()
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
    if not output then
      pending("needs root")
    end
    assert.equal("true\t0\n", output)
  end)

  it("tells how a process that was reaped has exited", function()
    need_exit()
    child.of("echo $$; exit 3", function(p)
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
    if kernel.at_least(6, 15) then
      pending("this kernel knows more (since Linux 6.15)")
    end
    child.with_reaped(function(p)
      fails("info", "ESRCH", p:info())
    end)
  end)

  it("fails with ENOTTY or EINVAL on a kernel that lacks it", function()
    if kernel.at_least(6, 13) then
      pending("this kernel has it (since Linux 6.13)")
    end
    local p = assert(pidfd.self())
    local info, message, code = p:info()
    assert.is_nil(info)
    assert.matches("^info: .*6%.13", message)
    assert.is_true(code == pidfd.errno.ENOTTY or code == pidfd.errno.EINVAL)
    p:close()
  end)

  it("fails with EREMOTE or ESRCH outside of the pid namespace", function()
    need_info()
    local output = run.in_pid_namespace [[
      local pidfd = require "pidfd"
      print(pidfd.errno[select(3, assert(pidfd.adopt(3)):info())])
    ]]
    if not output then
      pending("needs luv, and namespaces of its own")
    end
    assert.is_true(output == "EREMOTE\n" or output == "ESRCH\n")
  end)

  it("fails with EBADF when somebody else closed the number", function()
    need_info()
    local p = assert(pidfd.self())
    pidfd.adopt(p:fileno()):close()
    fails("info", "EBADF", p:info())
    p:close()
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

  it("raises for a pidfd.fd", function()
    local p = assert(pidfd.self())
    local fd = assert(p:getfd(p:fileno()))
    assert.error_matches(function() p.info(fd) end, "pidfd expected")
    fd:close()
    p:close()
  end)
end)
