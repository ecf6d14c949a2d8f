local child = require "spec.support.child"
local elsewhere = require "spec.support.elsewhere"
local fails = require "spec.support.fails"
local kernel = require "spec.support.kernel"
local need = require "spec.support.need"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local sorted = require "spec.support.sorted"

-- p:setns() moves a whole process, so each of these is a process of its own.
-- They run in a user namespace, where everybody may move.
local function moved(program, ...)
  return run.unshared("", program, ...)
end

describe("p:setns()", function()
  it("returns true, and moves into all that are named", function()
    assert.equal("true\nelsewhere\ttrue\ttrue\n", moved [[
      local setns = require "spec.programs.setns"
      local start, hostname, shares = setns.start, setns.hostname, setns.shares
      local p = start("--uts --net", "hostname elsewhere")
      print(p:setns("uts", "net"))
      print(hostname(), shares(p, "uts"), shares(p, "net"))
    ]])
  end)

  it("leaves the others alone", function()
    assert.equal("true\ttrue\tfalse\n", moved [[
      local setns = require "spec.programs.setns"
      local start, shares = setns.start, setns.shares
      local p = start("--uts --net", "hostname elsewhere")
      print(p:setns("uts"), shares(p, "uts"), shares(p, "net"))
    ]])
  end)

  it("moves what is started afterwards", function()
    assert.equal("elsewhere\n", moved [[
      local pidfd = require "pidfd"
      local setns = require "spec.programs.setns"
      local start = setns.start
      local p = start("--uts", "hostname elsewhere")
      assert(p:setns("uts"))
      assert(pidfd.spawn { "hostname" }):wait()
    ]])
  end)

  it("moves into a user namespace and what belongs to it", function()
    assert.equal("true\nelsewhere\ttrue\n", moved [[
      local setns = require "spec.programs.setns"
      local start, hostname, shares = setns.start, setns.hostname, setns.shares
      local p = start("--user --map-root-user --uts", "hostname elsewhere")
      print(p:setns("uts", "user"))
      print(hostname(), shares(p, "user"))
    ]])
  end)

  it("moves children only, for pid", function()
    assert.equal("true\ttrue\n2\n", moved [[
      local pidfd = require "pidfd"
      local setns = require "spec.programs.setns"
      local start, self = setns.start, setns.self
      local p = start("--pid --fork --kill-child", ":")
      local children = p:proc(("task/%d/children"):format(p:pid()))
      local first = assert(pidfd.open(math.tointeger(children)))
      local before = self:pid()
      print(first:setns("pid"), self:pid() == before)
      assert(pidfd.spawn { "sh", "-c", "echo $$", pdeathsig = "KILL" }):wait()
    ]])
  end)

  it("moves this process itself, for time", function()
    kernel.need_namespaces("time")
    assert.equal("true\ttrue\ttrue\n", moved [[
      local setns = require "spec.programs.setns"
      local start, shares = setns.start, setns.shares
      local function uptime()
        return assert(io.open("/proc/uptime")):read("n")
      end
      local before = uptime()
      local p = start("--time --boottime 1000000", ":")
      print(p:setns("time"), shares(p, "time"), uptime() - before >= 1000000)
    ]])
  end)

  it("moves into none where one of them is refused", function()
    assert.equal("EINVAL\tfalse\n", moved [[
      local setns = require "spec.programs.setns"
      local start, shares, errno = setns.start, setns.shares, setns.errno
      local p = start("--uts", "hostname elsewhere")
      print(errno(p:setns("uts", "user")), shares(p, "uts"))
    ]])
  end)

  local flags = {
    cgroup = "CLONE_NEWCGROUP", ipc = "CLONE_NEWIPC", mnt = "CLONE_NEWNS",
    net = "CLONE_NEWNET", pid = "CLONE_NEWPID", time = "CLONE_NEWTIME",
    user = "CLONE_NEWUSER", uts = "CLONE_NEWUTS",
  }

  for kind, flag in sorted(flags) do
    it("asks the kernel for " .. flag .. ", for " .. kind, function()
      local trace = run.traced("-e trace=setns",
        "require('pidfd').self():setns(arg[1])", kind)
      assert.equal(flag, trace:match("^setns%(%d+, ([%w_]+)%)"))
    end)
  end

  it("asks the kernel once, for all", function()
    local trace = run.traced("-e trace=setns",
      "require('pidfd').self():setns('ipc', 'mnt', 'ipc')")
    local asked = trace:match("^setns%(%d+, ([%w_|]+)%)[^\n]*\n$")
    assert.equal("CLONE_NEWNS|CLONE_NEWIPC", asked)
  end)

  it("fails with EPERM for another user's process", function()
    assert.equal("EPERM", (elsewhere.as_stranger "p:setns('uts')"))
  end)

  it("fails with EINVAL for one's own user namespace", function()
    local p = assert(pidfd.self())
    fails("setns", "EINVAL", p:setns("user"))
    p:close()
  end)

  for kind, case in sorted {
    mnt = { option = "--mount", errno = "EINVAL" },
    time = { option = "--time", errno = "EUSERS" },
  } do
    it(("fails with %s where there are other threads, for %s")
      :format(case.errno, kind), function()
      kernel.need_namespaces(kind)
      need("luv")
      assert.equal(("true\n%s\n"):format(case.errno), moved([[
        local pidfd = require "pidfd"
        local setns = require "spec.programs.setns"
        local start, self = setns.start, setns.self
        local p = start(arg[1], ":")
        local function move()
          local ok, _, code = p:setns(arg[2])
          print(ok or pidfd.errno[code])
        end
        move()
        require("luv").new_thread(function() require("luv").sleep(60000) end)
        move()
        io.stdout:flush()
        self:send_signal("KILL")
      ]], case.option, kind))
    end)
  end

  it("fails with ESRCH for a process that is over", function()
    child.with_zombie(function(p)
      fails("setns", "ESRCH", p:setns("uts"))
    end)
    child.with_reaped(function(p)
      fails("setns", "ESRCH", p:setns("uts"))
    end)
  end)

  it("raises for a namespace that is for children", function()
    local p = assert(pidfd.self())
    for _, kind in ipairs { "pid_for_children", "time_for_children" } do
      assert.error_matches(function() p:setns(kind) end, "bad argument #1")
      assert.error_matches(function() p:setns("uts", kind) end,
        "bad argument #2")
    end
    p:close()
  end)

  it("raises for an unknown kind, wherever it stands", function()
    local p = assert(pidfd.self())
    for _, kind in ipairs { "", "foo", "uts\0", 0x04000000, true, {} } do
      assert.error_matches(function() p:setns(kind) end, "bad argument #1")
      assert.error_matches(function() p:setns("uts", kind) end,
        "bad argument #2")
    end
    assert.error_matches(function() p:setns("uts", nil) end, "bad argument")
    p:close()
  end)

  it("raises without a kind", function()
    local p = assert(pidfd.self())
    assert.error_matches(function() p:setns() end, "bad argument")
    p:close()
  end)
end)
