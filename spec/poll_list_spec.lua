local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"
local times = require "spec.support.times"
local vast = require "spec.support.vast"

-- Lend 'use' a pidfd for a child that ends by itself in a moment.
local function with_short_child(use)
  child.running({ "sleep", "0.05" }, use)
end

describe("pidfd.poll()", function()
  -- Lend 'use' pidfds of three children, of which the second is a zombie.
  local function with_three(use)
    child.with(function(first)
      child.with_zombie(function(second)
        child.with(function(third)
          use(first, second, third)
        end)
      end)
    end)
  end

  local function kill(p)
    p:send_signal("KILL")
    p:poll()
  end

  it("returns a list of those that have ended", function()
    with_three(function(first, second, third)
      assert.same({ second }, pidfd.poll({ first, second, third }))
      assert.same({ second }, pidfd.poll({ first, second, third }, 0))
      assert.same({ second }, pidfd.poll({ first, second, third }, 60))
    end)
  end)

  it("returns the objects themselves, in their order", function()
    with_three(function(first, second, third)
      kill(third)
      local ended = pidfd.poll({ third, first, second })
      assert.equal(2, #ended)
      assert.is_true(rawequal(third, ended[1]))
      assert.is_true(rawequal(second, ended[2]))
      ended = pidfd.poll({ second, first, third })
      assert.is_true(rawequal(second, ended[1]))
      assert.is_true(rawequal(third, ended[2]))
    end)
  end)

  it("returns one as often as it is in the list", function()
    with_three(function(first, second)
      assert.same({ second, second }, pidfd.poll({ second, first, second }))
    end)
  end)

  it("leaves the list as it is", function()
    with_three(function(first, second, third)
      local list = { first, second, third, name = "list" }
      assert.not_equal(list, pidfd.poll(list))
      assert.same({ first, second, third, name = "list" }, list)
    end)
  end)

  it("returns those that were reaped", function()
    child.with_reaped(function(p)
      assert.same({ p }, pidfd.poll({ p }))
    end)
  end)

  it("waits for the first to end", function()
    child.with(function(p)
      with_short_child(function(q)
        assert.same({ q }, pidfd.poll({ p, q }))
      end)
    end)
  end)

  it("waits for processes that are not children", function()
    child.with_grandchild(function(p)
      child.with(function(q)
        p:send_signal("KILL")
        assert.same({ p }, pidfd.poll({ p, q }, 60))
      end)
    end)
  end)

  for _, case in ipairs(times.long) do
    it("returns at the first end with a time-out of " .. case.name, function()
      with_short_child(function(p)
        assert.same({ p }, pidfd.poll({ p }, case.value))
      end)
    end)
  end

  for _, timeout in ipairs { 0, 0.0, 1e-12, 0.01 } do
    it("returns an empty list after " .. timeout .. " s", function()
      child.with(function(p)
        assert.same({}, pidfd.poll({ p }, timeout))
      end)
    end)

    it("returns an empty list for an empty one after " .. timeout .. " s",
      function()
        assert.same({}, pidfd.poll({}, timeout))
      end)
  end

  it("takes thousands", function()
    local output = run.with_descriptors(4096, [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.spawn { "sleep", "60", pdeathsig = "KILL" })
      local self, list = pidfd.self(), {}
      for i = 1, 2000 do
        list[i] = assert(self:dup())
      end
      list[17], list[1999] = p, assert(p:dup())
      print(#pidfd.poll(list, 0))
      p:send_signal("KILL")
      p:poll()
      local ended = pidfd.poll(list)
      print(#ended, rawequal(ended[1], p), rawequal(ended[2], list[1999]))
    ]])
    if output:find("ulimit") or output:find("EMFILE") then
      pending("needs thousands of descriptors (ulimit -n)")
    end
    assert.equal("0\n2\ttrue\ttrue\n", output)
  end)

  -- More than there may be descriptors: poll(2) refuses that.
  for _, limit in ipairs { 0, 7 } do
    it("works with a limit of descriptors of " .. limit, function()
      local output = run.with_descriptors(64, [[
        local pidfd = require "pidfd"
        local function start(...)
          return assert(pidfd.spawn { pdeathsig = "KILL", ... })
        end
        local p, q = start("sleep", "60"), start("sleep", "60")
        local short, pipes = assert(pidfd.spawn { "cat", stdin = "pipe" })
        os.execute("exec prlimit --nofile=" .. arg[1] .. " --pid "
          .. pidfd.self():pid())
        local list = { p, q, p, q, p, q, p, q, p, q, short }
        print(#pidfd.poll(list, 0), #pidfd.poll(list, 0.01), p:poll(0.01))
        print(pidfd.errno[select(3, p:wait(0.01))])
        pipes.stdin:close() -- which ends it
        local ended = pidfd.poll(list)
        print(#ended, ended[1] == short, short:wait())
        print(p:terminate(60))
        q:send_signal("KILL")
        print(#pidfd.poll(list) > 0, q:poll(), q:wait())
        os.exit()
      ]], limit)
      assert.equal("0\t0\tfalse\nETIMEDOUT\n1\ttrue\texit\t0\nsignal\t15\n"
        .. "true\ttrue\tsignal\t9\n", output)
    end)
  end

  local function write_with_limit(prefix)
    local output = run.under("ulimit -n 64; exec " .. prefix, [[
      local pidfd = require "pidfd"
      local _, full = assert(pidfd.spawn { "sleep", "60", stdin = "pipe",
        pdeathsig = "KILL" })
      local _, slow = assert(pidfd.spawn {
        "sh", "-c", "sleep 0.1; exec cat >/dev/null", stdin = "pipe",
        pdeathsig = "KILL" })
      local p = pidfd.self()
      local same = assert(pidfd.adopt(p:fileno()))
      local last, again = assert(pidfd.spawn { "sh", "-c",
        "read x; exec prlimit --nofile=64: --pid " .. p:pid(), stdin = "pipe" })
      os.execute("exec prlimit --nofile=0: --pid " .. p:pid())
      local text = ("x"):rep(2 ^ 20)
      print(pidfd.errno[select(3, full.stdin:write(text, 0.05))])
      print(slow.stdin:write(text))
      print(pidfd.errno[select(3, p:poll(0.01))], p:poll(0.01))
      same:close() -- its number
      print(pidfd.errno[select(3, p:poll(0.01))])
      p:release()
      again.stdin:close()
      last:wait()
    ]])
    assert.equal("ETIMEDOUT\ntrue\nnil\tfalse\nEBADF\n", output)
  end

  it("is not needed where a write waits with a limit of 0", function()
    write_with_limit("")
  end)

  it("is not needed for that before Linux 6.4", function()
    local refusing = run.refusing("pwritev2", "EOPNOTSUPP")
    write_with_limit(refusing)
  end)

  it("fails with EBADF when somebody else closed a number", function()
    with_three(function(first, second)
      pidfd.adopt(first:fileno()):close()
      fails("poll", "EBADF", pidfd.poll({ second, first }, 0))
      first:release()
    end)
  end)

  it("raises for an empty list without a time-out", function()
    assert.error_matches(function() pidfd.poll({}) end, "bad argument #1")
    assert.error_matches(function() pidfd.poll({}, math.huge) end,
      "bad argument #1")
  end)

  for name, stranger in sorted {
    ["a number"] = 1,
    ["a file"] = io.stdout,
    ["a table"] = {},
    ["false"] = false,
  } do
    it("raises for a list with " .. name .. ", and says where", function()
      with_three(function(first, second, third)
        assert.error_matches(function()
          pidfd.poll({ first, second, stranger, third }, 0)
        end, "%[3%]: pidfd or pidfd%.fd expected, got ")
      end)
    end)
  end

  it("raises for a list with a hole, and says where", function()
    child.with(function(p)
      local list = { p, nil, p }
      if #list < 3 then
        pending(_VERSION .. " takes the hole for the end of the list")
      end
      assert.error_matches(function()
        pidfd.poll(list, 0)
      end, "%[2%]: .*nil")
    end)
  end)

  it("raises for a list with a closed pidfd, and says where", function()
    child.with(function(p)
      child.with(function(q)
        q:close()
        assert.error_matches(function()
          pidfd.poll({ p, q }, 0)
        end, "%[2%]: .*closed")
      end)
    end)
  end)

  it("raises for a list with a closed pidfd.fd, and says where", function()
    local p = assert(pidfd.self())
    local fd = assert(p:getfd(p:fileno()))
    fd:close()
    assert.error_matches(function()
      pidfd.poll({ p, fd }, 0)
    end, "%[2%]: .*closed")
    p:close()
  end)

  it("raises for what is no list", function()
    local p = assert(pidfd.self())
    for _, stranger in pairs { 1, "list", true, p, io.stdout } do
      assert.error_matches(function() pidfd.poll(stranger, 0) end,
        "bad argument #1")
    end
    assert.error_matches(function() pidfd.poll() end, "bad argument #1")
    p:close()
  end)

  it("raises for a userdata without a metatable", function()
    local file = assert(io.open("/dev/null"))
    file:close()
    debug.setmetatable(file, nil)
    assert.error_matches(function() pidfd.poll({ file }, 0) end,
      "%[1%]: pidfd or pidfd%.fd expected, got userdata")
    assert.error_matches(function() pidfd.spawn { "true", stdin = file } end,
      "stdin: descriptor expected, got userdata")
  end)

  for _, n in ipairs { 31, 60, 61 } do
    it(("raises for a list of 2^%d"):format(n), function()
      local p = assert(pidfd.self())
      local list = vast(n, p)
      assert.error_matches(function() pidfd.poll(list, 0) end,
        "bad argument #1.*at most 67108862 elements expected")
      p:close()
    end)
  end

  for _, case in ipairs(times.wrong) do
    it("raises for a time-out that is " .. case.name, function()
      child.with_zombie(function(p)
        assert.error_matches(function() pidfd.poll({ p }, case.value) end,
          "bad argument #2")
      end)
    end)
  end

  it("raises if a signal handler takes one out of the list", function()
    compiled.need("unix")
    local output = script.run [[
      local alarm = require "spec.programs.alarm"
      local pidfd = require "pidfd"
      local p = assert(pidfd.spawn { "sleep", "60", pdeathsig = "KILL" })
      local list = { p, p, p }
      local ok, message = pcall(alarm.after, 0.01, function()
        list[2] = nil
      end, pidfd.poll, list)
      print(ok, message:match("%[2%]"))
      p:send_signal("KILL")
    ]]
    assert.equal("false\t[2]\n", output)
  end)

  for what, choose in sorted {
    ["the list"] = "value == list",
    ["what it returns"] = "type(value) == 'table' and value ~= list",
    ["its events"] = "type(value) == 'userdata' and not pidfd.type(value)",
  } do
    it("raises if a debugger's hook takes " .. what .. " away", function()
      compiled.need("unix")
      local output, errors = script.run([[
        local alarm = require "spec.programs.alarm"
        local pidfd = require "pidfd"
        local take = require "spec.programs.taking"
        local p = assert(pidfd.spawn { "sleep", "60", pdeathsig = "KILL" })
        local list = { p, p, p }
        local choose = load("local pidfd, list, value = ... return "
          .. arg[1])
        local ok, message = pcall(alarm.after, 0.05, function()
          take(pidfd.poll, function(value)
            return choose(pidfd, list, value)
          end, nil)
        end, pidfd.poll, list, 60)
        print(ok, message:match("got nil") or message:match("values.*"))
        p:send_signal("KILL")
      ]], choose)
      assert.equal("", errors)
      local message = what == "the list" and "got nil"
        or "values have been taken away"
      assert.equal("false\t" .. message .. "\n", output)
    end)
  end

  it("makes no descriptor", function()
    with_three(function(first, second)
      assert.equal(0, fds.leaked(function()
        pidfd.poll({ first, second }, 0)
        pcall(pidfd.poll, { first, 1 })
      end))
    end)
  end)
end)
