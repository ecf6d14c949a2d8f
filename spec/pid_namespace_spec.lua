local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local elsewhere = require "spec.support.elsewhere"
local ensure = require "spec.support.ensure"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local intercepted = require "spec.support.intercepted"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local reused = require "spec.support.reused"
local scarce = require "spec.support.scarce"
local sorted = require "spec.support.sorted"
local subject = require "spec.support.subject"

local function need_translation()
  kernel.need(6, 11, "numbers of other pid namespaces")
end

-- Lend 'use' a pid namespace of its own, and pidfds of its first process and of
-- that one's child.
local function with_namespace(use)
  local unshare = "unshare --user --map-root-user --pid --fork --kill-child "
  if not os.execute(unshare .. "true >/dev/null 2>&1") then
    pending("needs namespaces of its own")
  end
  child.ready({ "sh", "-c",
    "exec " .. unshare .. "sh -c 'sleep 60 >&- & echo; wait'" },
    function(p)
      local first = assert(p:children())[1]
      local second = assert(first:children())[1]
      local namespace = assert(first:namespace("pid"))
      ensure(use, function()
        first:send_signal("KILL")
        first:close()
        second:close()
        namespace:close()
      end, namespace, first, second)
    end)
end

-- Our own.
local function with_own(use)
  local p = assert(pidfd.self())
  local namespace = assert(p:namespace("pid"))
  ensure(use, function()
    namespace:close()
    p:close()
  end, namespace, p)
end

describe("p:pid(namespace)", function()
  it("returns the number of the process there", function()
    need_translation()
    with_namespace(function(namespace, first, second)
      assert.equal(1, first:pid(namespace))
      local number = second:pid(namespace)
      assert.equal("integer", math.type(number))
      assert.is_true(number > 1 and number < 100)
      assert.equal(tostring(number), second:proc("status")
        :match("\nNSpid:%s*%d+%s+(%d+)\n"))
    end)
  end)

  it("returns the same number as p:pid() for our own", function()
    need_translation()
    with_own(function(namespace, p)
      assert.equal(p:pid(), p:pid(namespace))
      child.with(function(q, pid)
        assert.equal(pid, q:pid(namespace))
      end)
    end)
  end)

  it("returns the number of a zombie", function()
    need_translation()
    with_own(function(namespace)
      child.with_zombie(function(p, pid)
        assert.equal(pid, p:pid(namespace))
      end)
    end)
  end)

  it("returns the number of a thread", function()
    need_translation()
    with_own(function(namespace)
      local thread = assert(pidfd.self(pidfd.flags.THREAD))
      assert.equal(thread:pid(), thread:pid(namespace))
      thread:close()
    end)
  end)

  it("fails with ESRCH for a process that is not there", function()
    need_translation()
    with_namespace(function(namespace)
      local p = assert(pidfd.self())
      local _, message = p:pid(namespace)
      fails("pid", "ESRCH", p:pid(namespace))
      assert.matches("not in that pid namespace", message)
      p:close()
    end)
  end)

  it("fails with ESRCH for a process that was reaped", function()
    need_translation()
    with_own(function(namespace)
      child.with_reaped(function(p)
        local _, message = p:pid(namespace)
        fails("pid", "ESRCH", p:pid(namespace))
        assert.is_nil(message:find("namespace", 1, true))
      end)
    end)
  end)

  it("fails with EREMOTE for one that cannot be seen from here", function()
    need_translation()
    local call = "p:pid(pidfd.self():namespace('pid'))"
    assert.equal("EREMOTE", (elsewhere.outside(call)))
  end)

  it("does not tell the number of another process that has it", function()
    need_translation()
    local output = reused.run [[
      local reused = require "spec.programs.reused"
      local errno, start, replace = reused.errno, reused.start, reused.replace
      local old = start()
      local new = replace(old)
      local namespace = new:namespace("pid")
      print(new:pid(namespace) == new:pid(), errno(old:pid(namespace)))
    ]]
    assert.equal("true\tESRCH\n", output)
  end)

  it("fails with EBADF when somebody else closed the number", function()
    need_translation()
    with_own(function(namespace)
      local p = assert(pidfd.self())
      pidfd.adopt(p:fileno()):close()
      fails("pid", "EBADF", p:pid(namespace))
      p:close()
    end)
  end)
end)

describe("pidfd.open(pid, flags, namespace)", function()
  it("returns the process that has the number there", function()
    need_translation()
    with_namespace(function(namespace, first, second)
      local p = assert(pidfd.open(1, 0, namespace))
      assert.is_true(p == first)
      assert.is_true(fds.has(p:fileno(), "CLOEXEC"))
      p:close()
      p = assert(pidfd.open(second:pid(namespace), nil, namespace))
      assert.is_true(p == second)
      p:close()
    end)
  end)

  it("takes flags", function()
    need_translation()
    with_own(function(namespace, p)
      local q = assert(pidfd.open(p:pid(), pidfd.flags.NONBLOCK, namespace))
      assert.is_true(fds.has(q:fileno(), "NONBLOCK"))
      q:close()
      q = assert(pidfd.open(p:pid(), pidfd.flags.THREAD, namespace))
      assert.is_true(q == p)
      q:close()
      fails("open", "EINVAL", pidfd.open(p:pid(), 1, namespace))
    end)
  end)

  it("fails as pidfd.open does for the number of a thread", function()
    need_translation()
    local code = kernel.at_least(6, 16) and "ENOENT" or "EINVAL"
    with_own(function(namespace)
      subject.with({ "thread" }, function(_, thread)
        thread = math.tointeger(tonumber(thread))
        fails("open", code, pidfd.open(thread, 0, namespace))
        assert(pidfd.open(thread, pidfd.flags.THREAD, namespace)):close()
      end)
    end)
  end)

  it("fails with ESRCH where nobody has the number", function()
    need_translation()
    with_namespace(function(namespace)
      fails("open", "ESRCH", pidfd.open(4000, 0, namespace))
      fails("open", "ESRCH", pidfd.open(2147483647, 0, namespace))
    end)
  end)

  -- A process is over, and its number here another's, which has none there,
  -- when it is opened.
  it("does not return another process that has its number here", function()
    need_translation()
    local caller = intercepted.command(
      "PAUSE=" .. intercepted.PIDFD_OPEN, [[
        local pidfd = require "pidfd"
        local fd = assert(assert(pidfd.adopt(3)):namespace("pid"))
        local p, _, code = pidfd.open(math.tointeger(arg[1]), 0, fd)
        print(p and p:pid(), pidfd.errno[code])
      ]])
    local output = reused.run([[
      local pidfd = require "pidfd"
      local reused = require "spec.programs.reused"
      local start = reused.start
      local shell, pipes = assert(pidfd.spawn { "unshare", "--pid", "--fork",
        "sh", "-c", "sleep 60 >&- & echo; wait; echo over; exec sleep 60",
        stdout = "pipe", stderr = "null" })
      local file = pipes.stdout:file()
      file:read()
      local first = shell:children()[1]
      local second = first:children()[1]
      local number = second:pid()
      local caller, answer = assert(pidfd.spawn { "sh", "-c",
        arg[1] .. " " .. second:pid(first:namespace("pid")),
        fds = { [3] = first }, stdout = "pipe" })
      assert(caller:waitid(pidfd.flags.WSTOPPED))
      second:send_signal("KILL")
      assert(file:read() == "over")
      local _, status = start(arg[2], tostring(number)):wait()
      if status ~= 0 then
        print("impossible")
        os.exit(0)
      end
      caller:send_signal("CONT")
      print(answer.stdout:file():read())
    ]], caller, compiled.program("reborn"))
    assert.equal("nil\tESRCH\n", output)
  end)

  it("makes no descriptor that stays", function()
    need_translation()
    with_own(function(namespace, p)
      local net = assert(p:namespace("net"))
      local pid = p:pid()
      assert.equal(0, fds.leaked(function()
        assert(pidfd.open(pid, 0, namespace))
        fails("open", "ESRCH", pidfd.open(2147483647, 0, namespace))
        fails("open", "EINVAL", pidfd.open(pid, 0, net))
        fails("open", "EINVAL", pidfd.open(pid, 1, namespace))
      end))
      net:close()
    end)
  end)

  it("lets the collector look for a descriptor", function()
    need_translation()
    local prepare = "local n = pidfd.self():namespace('pid'); "
      .. "local pid = pidfd.self():pid()"
    local call = "pidfd.open(pid, 0, n)"
    assert.equal("returns", scarce.with_garbage(prepare, call))
    assert.equal("EMFILE", scarce.without_garbage(prepare, call))
  end)
end)

for name, call in sorted {
  ["p:pid()"] = function(namespace)
    local p = assert(pidfd.self())
    local result, message, code = p:pid(namespace)
    p:close()
    return result, message, code
  end,
  ["pidfd.open()"] = function(namespace)
    return pidfd.open(1, 0, namespace)
  end,
} do
  local prefix = name == "p:pid()" and "pid" or "open"

  describe(name .. " with a namespace", function()
    it("fails with EINVAL for what is no pid namespace", function()
      local p = assert(pidfd.self())
      local fd, net = assert(p:getfd(0)), assert(p:namespace("net"))
      fails(prefix, "EINVAL", call(fd))
      if kernel.at_least(6, 11) then
        fails(prefix, "EINVAL", call(net))
      end
      fd:close()
      net:close()
      p:close()
    end)

    it("fails with ENOTTY before Linux 6.11, and says so", function()
      kernel.need_before(6, 11)
      with_own(function(namespace)
        local _, message = call(namespace)
        fails(prefix, "ENOTTY", call(namespace))
        assert.matches("%(before Linux 6%.11%)$", message)
      end)
    end)

    it("raises for what is no open pidfd.fd", function()
      local p = assert(pidfd.self())
      for _, value in ipairs { p, 3, "pid", true, {}, io.stdout } do
        assert.error_matches(function() call(value) end,
          "pidfd.fd expected")
      end
      assert.error_matches(function() call(nil) end, "pidfd.fd expected")
      local fd = assert(p:getfd(0))
      fd:close()
      assert.error_matches(function() call(fd) end, "closed pidfd.fd")
      p:close()
    end)
  end)
end
