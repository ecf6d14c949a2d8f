local fds = require "spec.support.fds"
local language = require "spec.support.language"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"

-- Calls that make a descriptor, as Lua code. There 'p' is a pidfd for this
-- process, 'pid' its number, and 'fd' a pidfd.fd.
local calls = {
  ["pidfd.open()"] = "pidfd.open(pid)",
  ["pidfd.self()"] = "pidfd.self()",
  ["pidfd.getfd()"] = "pidfd.getfd(p, p:fileno())",
  ["p:getfd()"] = "p:getfd(p:fileno())",
  ["p:dup()"] = "p:dup()",
  ["fd:dup()"] = "fd:dup()",
  ["p:fds()"] = "p:fds()",
}

-- Calls that need one for a moment on older kernels, which have to read /proc.
local readers = {
  ["p:pid()"] = "p:pid()",
  ["pidfd.adopt()"] = "pidfd.adopt(adoptable)",
}

-- Use up all of the 64 descriptors, and then call. Whether the handles can
-- still be reached decides whether the collector can help.
local function call_without_descriptors(reachable, code)
  return run.with_descriptors(64, [[
    local argument = require "spec.programs.argument"
    local pidfd = require "pidfd"
    local take = require "spec.programs.taken"
    local p = assert(pidfd.self())
    local fd = assert(p:getfd(p:fileno()))
    local call = argument(arg[2], {
      pidfd = pidfd, p = p, fd = fd, pid = p:pid(),
      adoptable = assert(p:dup()):release(),
    })
    local handles = take(p, arg[1] == "reachable")
    local result, _, code = call()
    print(result and "returns" or "fails with " .. pidfd.errno[code])
    for _, o in ipairs(handles) do
      assert(o:close())
    end
    assert(p:pid() and fd:close())
  ]], reachable and "reachable" or "garbage", code)
end

describe("the collector", function()
  for name, code in sorted(calls) do
    it("finds a descriptor for " .. name .. " when all are used", function()
      assert.equal("returns\n", call_without_descriptors(false, code))
    end)

    it("finds none for " .. name .. " when all are in use", function()
      assert.equal("fails with EMFILE\n", call_without_descriptors(true, code))
    end)
  end

  for name, code in sorted(readers) do
    it("finds a descriptor for " .. name .. " when all are used", function()
      assert.equal("returns\n", call_without_descriptors(false, code))
    end)
  end

  -- What is on the stack keeps the call's objects from being collected.
  for _, name in ipairs { "p:dup()", "fd:dup()", "p:getfd()" } do
    it("is noticed if it lets " .. name .. " lose its values", function()
      local output = run.with_descriptors(64, [[
        local argument = require "spec.programs.argument"
        local pidfd = require "pidfd"
        local take = require "spec.programs.taking"
        local p = assert(pidfd.self())
        local fd = assert(p:getfd(p:fileno()))
        local call = argument(arg[1], { p = p, fd = fd })
        local kept = {}
        repeat
          kept[#kept + 1] = pidfd.self()
        until select(3, pidfd.self()) == pidfd.errno.EMFILE
        local function is_new(value)
          return pidfd.type(value) ~= nil and value ~= p and value ~= fd
        end
        setmetatable({}, { __gc = function()
          for _, f in ipairs { p.dup, fd.dup, p.getfd } do
            take(f, is_new, io.stdout)
          end
        end })
        local ok, message = pcall(call)
        for _, other in ipairs(kept) do
          other:close()
        end
        print(ok, message:match("a finalizer .*"))
      ]], calls[name])
      assert.equal("false\ta finalizer has taken values away\n", output)
    end)
  end

  -- Lua 5.3 and older raise the finalizer's error.
  for _, name in ipairs { "spawn", "run" } do
    it("leaves nothing of a pidfd." .. name .. "() when it raises", function()
      local output = run.with_descriptors(40, [[
        local fds = require "spec.support.fds"
        local pidfd = require "pidfd"
        warn("@off")
        local before = fds.count()
        for spare = 0, 12 do
          local kept = {}
          repeat
            kept[#kept + 1] = pidfd.self()
          until select(3, pidfd.self()) == pidfd.errno.EMFILE
          for _ = 1, spare do
            assert(table.remove(kept):close())
          end
          collectgarbage()
          setmetatable({}, { __gc = function() error("by the finalizer") end })
          collectgarbage("stop")
          pcall(pidfd[arg[1] ], { "true", stdout = "pipe", stderr = "pipe" })
          collectgarbage("restart")
          for _, p in ipairs(kept) do
            p:close()
          end
          pcall(collectgarbage)
          collectgarbage()
          print(fds.count() - before)
        end
      ]], name)
      assert.equal(("0\n"):rep(13), output)
    end)
  end

  -- The first pidfd_open makes 'p'.
  local scarce = {
    ["pidfd.open()"] = { "pidfd_open", 2, "pidfd.open(p:pid())" },
    ["pidfd.self()"] = { "pidfd_open", 2, "pidfd.self()" },
    ["pidfd.getfd()"] = { "pidfd_getfd", 1, "pidfd.getfd(p, 0)" },
  }

  for name, case in sorted(scarce) do
    local syscall, nth, code = case[1], case[2], case[3]

    local function trace(errno, when)
      local options = "-e trace=%s -e inject=%s:error=%s:when=%s"
      local text, output = run.traced(
        options:format(syscall, syscall, errno, when), [[
          local argument = require "spec.programs.argument"
          local pidfd = require "pidfd"
          local p = assert(pidfd.self())
          local o, _, code = argument(arg[1], { pidfd = pidfd, p = p })()
          print(o and "returns" or "fails with " .. pidfd.errno[code])
        ]], code)
      return output, select(2, text:gsub(syscall .. "%(", ""))
    end

    for _, errno in ipairs { "EMFILE", "ENFILE" } do
      it(("lets %s try again after %s"):format(name, errno), function()
        local output, count = trace(errno, nth)
        assert.equal("returns\n", output)
        assert.equal(nth + 1, count)
      end)

      it(("lets %s try once, not more, after %s"):format(name, errno),
        function()
          local output, count = trace(errno, nth .. "+")
          assert.equal("fails with " .. errno .. "\n", output)
          assert.equal(nth + 1, count)
        end)
    end

    it(("does not let %s try again after ENOMEM"):format(name), function()
      local output, count = trace("ENOMEM", nth)
      assert.equal("fails with ENOMEM\n", output)
      assert.equal(nth, count)
    end)
  end

  for _, mode in ipairs { "incremental", "generational" } do
    it("does not let dead handles pile up in mode " .. mode, function()
      language.need(mode)
      local output = script.run([[
        local pidfd = require "pidfd"
        collectgarbage(arg[1])
        local highest = 0
        for _ = 1, 5000 do
          local number = assert(pidfd.self()):fileno()
          highest = math.max(highest, number)
        end
        print(highest < 1000)
      ]], mode)
      assert.equal("true\n", output)
    end)
  end

  it("closes handles that are in a cycle", function()
    assert.equal(0, fds.leaked(function()
      local cycle = { assert(pidfd.self()) }
      cycle[2] = cycle
      assert.equal(cycle, cycle[2])
    end))
  end)

  it("closes handles of a coroutine that never ends", function()
    assert.equal(0, fds.leaked(function()
      coroutine.wrap(function()
        local p = assert(pidfd.self())
        coroutine.yield()
        p:close()
      end)()
    end))
  end)
end)

-- To the collector a handle is a few bytes, and with much live data it takes
-- long until it has been through all.
describe("handles that nobody has closed", function()
  local PROGRAM = [[
    collectgarbage(arg[1])
    local pidfd = require "pidfd"
    local live = {}
    for i = 1, 10000 do
      live[i] = ("x"):rep(100) .. i
    end
    collectgarbage()
    local failed = 0
    for _ = 1, 2000 do
      pidfd.self()
      local file = io.open("/dev/null")
      if file then
        file:close()
      else
        failed = failed + 1
      end
    end
    print(failed)
  ]]

  for _, mode in ipairs { "incremental", "generational" } do
    for _, limit in ipairs { 48, 256, 1024 } do
      it(("leave room for others among %d: %s"):format(limit, mode), function()
        language.need(mode)
        assert.equal("0\n", run.with_descriptors(limit, PROGRAM, mode))
      end)
    end
  end

  it("do not start a collector that was stopped", function()
    assert.equal("300\n", script.run([[
      local pidfd = require "pidfd"
      local closed = 0
      setmetatable({}, { __gc = function() closed = closed + 1 end })
      collectgarbage("stop")
      local n = 0
      for _ = 1, 300 do
        n = n + (pidfd.self() and closed == 0 and 1 or 0)
      end
      print(n)
    ]]))
  end)

  it("are not counted after a failure", function()
    assert.equal("false\n", script.run([[
      local pidfd = require "pidfd"
      local collected = false
      pidfd.self():close()
      collectgarbage("incremental", 1000, 100)
      collectgarbage()
      setmetatable({}, { __gc = function() collected = true end })
      for _ = 1, 1000 do
        pidfd.open(0x7fffffff)
      end
      print(collected)
    ]]))
  end)
end)

describe("the count of handles", function()
  -- With 1 MB of other data, through which the collector goes slowly by itself.
  local program = [[
    local pidfd = require "pidfd"
    local data, live = {}, {}
    for i = 1, 1000 do data[i] = ("x"):rep(1000) .. i end
    for i = 1, 600 do live[i] = assert(pidfd.self()) end
    if arg[1] ~= "live" then
      if arg[1] == "made while the collector is stopped" then
        collectgarbage("stop")
        for _ = 1, 300 do pidfd.self() end
        collectgarbage("restart")
      end
      while live[1] do table.remove(live):close() end
    end
    local failed = 0
    for _ = 1, 5000 do
      pidfd.self()
      local file = io.open("/dev/null")
      failed = failed + (file and 0 or 1)
      if file then file:close() end
    end
    print(failed, #data)
  ]]

  for _, case in ipairs {
    "live", "closed", "made while the collector is stopped",
  } do
    it("leaves descriptors to others, with many " .. case, function()
      if case:find("stopped") then
        language.need("way to tell that the collector is stopped")
      end
      assert.equal("0\t1000\n", run.with_descriptors(1024, program, case))
    end)
  end

  it("is where the debug library does not reach it", function()
    local make = pidfd.self
    local _, before = debug.getupvalue(make, 3)
    for _, value in ipairs { io.stdout, false } do
      debug.setupvalue(make, 3, value or nil)
      assert(make()):close()
    end
    debug.setupvalue(make, 3, before)
  end)
end)
