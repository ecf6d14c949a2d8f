local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local sorted = require "spec.support.sorted"

-- What this prints where those system calls fail so: { call, errno, ... }.
local function where(refused, program, ...)
  local prefix = "exec"
  for i = 1, #refused, 2 do
    prefix = prefix .. " " .. run.refusing(refused[i], refused[i + 1])
  end
  return run.under(prefix, program, ...)
end

-- The same of the value of an expression.
local function shown(refused, expression)
  return where(refused, [[
    local argument = require "spec.programs.argument"
    local show = require "spec.programs.show"
    local names = { pidfd = require "pidfd" }
    show(argument(arg[1], names)())
  ]], expression)
end

describe("a kernel that answers as an older one did", function()
  for _, errno in ipairs { "ENOTTY", "EINVAL" } do
    it("with " .. errno .. " has no p:info()", function()
      -- EINVAL has other reasons, too: the hint needs an older kernel.
      local hint = (errno == "ENOTTY" or not kernel.at_least(6, 13))
        and "(before Linux 6.13)" or "nil"
      assert.equal(errno .. "\t" .. hint .. "\n",
        shown({ "ioctl", errno }, "pidfd.self():info()"))
    end)

    it("with " .. errno .. " tells p:pid() by way of /proc", function()
      assert.equal("true\n", where({ "ioctl", errno }, [[
        local pidfd = require "pidfd"
        local show = require "spec.programs.show"
        local p = pidfd.self()
        local stat = assert(io.open("/proc/self/stat"))
        show(p:pid() == stat:read("n"))
      ]]))
    end)
  end

  it("opens namespaces by way of /proc", function()
    assert.equal("true\n", where({ "ioctl", "ENOTTY" }, [[
      local pidfd = require "pidfd"
      local show = require "spec.programs.show"
      show(pidfd.type(pidfd.self():namespace("uts")) == "pidfd.fd")
    ]]))
  end)

  it("opens no namespace of a zombie", function()
    assert.equal("ESRCH\tnil\n", where({ "ioctl", "ENOTTY" }, [[
      local pidfd = require "pidfd"
      local show = require "spec.programs.show"
      local p = assert(pidfd.spawn { "true" })
      p:poll()
      show(p:namespace("uts"))
      p:wait()
    ]]))
  end)

  it("tells the end of a child all the same", function()
    assert.equal("exit\t3\n", where({ "ioctl", "ENOTTY" }, [[
      local pidfd = require "pidfd"
      print(pidfd.spawn({ "sh", "-c", "exit 3" }):wait())
    ]]))
  end)

  it("has no pidfds of peers", function()
    assert.equal("ENOPROTOOPT\t(before Linux 6.5)\n",
      shown({ "getsockopt", "ENOPROTOOPT" }, "pidfd.peer(0)"))
  end)
end)

describe("a kernel without pidfs", function()
  for _, code in ipairs {
    "pidfd.self():id()",
    "pidfd.self():token()",
  } do
    it("has no " .. code, function()
      assert.equal("EOPNOTSUPP\t(before Linux 6.9)\n",
        shown({ "fstatfs", "EOPNOTSUPP" }, "" .. code .. ""))
    end)
  end
end)

-- Where pidfd_send_signal(2) knows no flags, and pidfds are on no pidfs. It
-- knows nothing else either here: what arrives does so by number.
describe("a kernel without scopes of signals", function()
  local function sent(program)
    return where({ "424", "EINVAL", "fstatfs", 0 }, program)
  end

  it("reaches the process group of a child", function()
    assert.equal("true\nsignal\t15\n", sent [[
      local scopes = require "spec.programs.scopes"
      local GROUP, sleeper, tell = scopes.GROUP, scopes.sleeper, scopes.tell
      local p = sleeper()
      tell(p:send_signal("TERM", GROUP))
      print(p:wait())
    ]])
  end)

  it("reaches the first thread of a child, with a value as well", function()
    assert.equal(("true\nsignal\t15\n"):rep(2), sent [[
      local scopes = require "spec.programs.scopes"
      local THREAD, sleeper, tell = scopes.THREAD, scopes.sleeper, scopes.tell
      for _, value in ipairs { false, 7 } do
        local p = sleeper()
        tell(p:send_signal("TERM", THREAD, value or nil))
        print(p:wait())
      end
    ]])
  end)

  it("reaches this process", function()
    assert.equal("true\n", sent [[
      local pidfd = require "pidfd"
      local scopes = require "spec.programs.scopes"
      local THREAD, tell = scopes.THREAD, scopes.tell
      tell(pidfd.self():send_signal(0, THREAD))
    ]])
  end)

  it("reaches nobody by a number that may be another's by now", function()
    assert.equal("EINVAL\n", sent [[
      local pidfd = require "pidfd"
      local scopes = require "spec.programs.scopes"
      local THREAD, tell = scopes.THREAD, scopes.tell
      local stat = assert(io.open("/proc/self/stat")):read("a")
      local parent = math.tointeger(tonumber(stat:match("%) %a (%d+)")))
      tell(pidfd.open(parent):send_signal(0, THREAD))
    ]])
  end)

  it("has no other scopes, and no value for a group", function()
    assert.equal(("EINVAL\n"):rep(4), sent [[
      local pidfd = require "pidfd"
      local scopes = require "spec.programs.scopes"
      local GROUP, THREAD = scopes.GROUP, scopes.THREAD
      local sleeper, tell = scopes.sleeper, scopes.tell
      local p = sleeper()
      tell(p:send_signal(0, GROUP, 7))
      tell(p:send_signal(0, GROUP + THREAD))
      tell(p:send_signal(0, 2 ^ 20))
      tell(p:send_signal(0, pidfd.flags.SIGNAL_THREAD_GROUP))
    ]])
  end)
end)

describe("a system that cannot tell what a descriptor is", function()
  for _, code in ipairs {
    "pidfd.adopt(pidfd.self():release())",
    "pidfd.self():id()",
    "pidfd.self():token()",
  } do
    it("fails with its errno in " .. code, function()
      assert.equal("ENOSYS\tnil\n",
        shown({ "fstatfs", "ENOSYS" }, "" .. code .. ""))
    end)
  end

  it("finds no two pidfds equal", function()
    assert.equal("false\n",
      shown({ "fstatfs", "ENOSYS" }, "pidfd.self() == pidfd.self()"))
  end)
end)

describe("a sleep that the kernel refuses", function()
  for name, code in sorted {
    ["p:poll()"] = "pidfd.self():poll(0.01)",
    ["pidfd.poll()"] = "pidfd.poll({ pidfd.self() }, 0.01)",
  } do
    it("fails with its errno in " .. name, function()
      assert.equal("ENOMEM\tnil\n",
        shown({ "ppoll", "ENOMEM" }, "" .. code .. ""))
    end)
  end
end)

describe("a process whose number is not told", function()
  for _, errno in ipairs { "EPERM", "EIO" } do
    it("may be this one where signals fail with " .. errno, function()
      local output = run.unshared(run.without_proc .. " " ..
        run.refusing("ioctl", "ENOTTY") .. " " .. run.refusing("424", errno), [[
          local pidfd = require "pidfd"
          print(pidfd.errno[select(3, pidfd.self():wait(0))])
        ]])
      assert.equal("ENOENT\n", output)
    end)
  end
end)

describe("a kernel that has no poll(2) for us", function()
  it("leaves select(2), which waits as well", function()
    assert.equal("false\ntrue\nexit\t0\nETIMEDOUT\n0\nsignal\t9\n",
      where({ "ppoll", "EINVAL" }, [[
        local pidfd = require "pidfd"
        print(pidfd.self():poll(0.01))
        local p = assert(pidfd.spawn { "sleep", "0.1" })
        print(p:poll())
        print(p:wait())
        local q, pipes = assert(pidfd.spawn { "sleep", "60", stdin = "pipe",
          pdeathsig = "KILL" })
        local input = pipes.stdin
        print(pidfd.errno[select(3, input:write(("x"):rep(1000000), 0.05))])
        print(#pidfd.poll({ q, input }, 0.02))
        q:send_signal("KILL")
        print(q:wait())
      ]]))
  end)
end)

describe("a reason that cannot be looked up", function()
  it("is left out of the message", function()
    local code = pidfd.errno.EPERM
    local output = where({ "438", "EPERM", "capget", "EPERM" }, [[
      local pidfd = require "pidfd"
      local fd, message, code = pidfd.self():getfd(0)
      print(fd, message:match("getfd"), code)
    ]])
    assert.equal("nil\tgetfd\t" .. code .. "\n", output)
  end)
end)
