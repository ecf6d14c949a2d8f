local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local has = require "spec.support.has"
local pidfd = require "pidfd"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"

-- Ways to borrow the descriptor of a file that is open.
local borrowable = {
  ["an integer"] = function(number)
    return number
  end,
  ["a float that is a whole number"] = function(number)
    return number + 0.0
  end,
  ["a Lua file"] = function(_, file)
    return file
  end,
  ["a pidfd.fd, which is close-on-exec"] = function(number)
    local self = assert(pidfd.self())
    local fd = assert(self:getfd(number))
    self:close()
    return fd
  end,
  ["an object with a method of its class"] = function(number)
    local class = { number = number }
    function class:fileno()
      return self.number
    end
    return setmetatable({}, { __index = class })
  end,
  ["an object with all three methods"] = function(number)
    local function never()
      error("asked")
    end
    return {
      fileno = function() return number end,
      getfd = never,
      pollfd = never,
    }
  end,
}

for _, method in ipairs { "fileno", "getfd", "pollfd" } do
  borrowable["an object with " .. method .. "()"] = function(number)
    return { [method] = function() return number + 0.0 end }
  end
end

-- Objects of others, and the number of each.
local foreign = {
  {
    name = "a pidfd",
    make = function()
      local p = assert(pidfd.self())
      return p, p:fileno()
    end,
  },
  {
    name = "a LuaSocket object", needs = "socket",
    make = function()
      local s = assert(require("socket").udp())
      s:setsockname("127.0.0.1", 0)
      return s, math.tointeger(s:getfd())
    end,
  },
  {
    name = "a cqueues socket", needs = "cqueues.socket",
    make = function()
      local s, other = assert(require("cqueues.socket").pair())
      other:close()
      return s, s:pollfd()
    end,
  },
  {
    name = "a luv handle", needs = "luv",
    make = function()
      local s = require("luv").new_udp()
      s:bind("127.0.0.1", 0)
      return s, s:fileno()
    end,
    close = function(s)
      s:close()
      require("luv").run()
    end,
  },
}

describe("a descriptor to borrow", function()
  for name, make in sorted(borrowable) do
    it("is " .. name, function()
      fds.with_file(function(file, number, path)
        local value = make(number, file)
        assert.same({ [0] = path, path, path, [7] = path, [200] = path },
          spawned.fds {
            stdin = value, stdout = value, stderr = value,
            fds = { [7] = value, [200] = value },
          })
        assert.equal(path, spawned.ours()[number])
        if pidfd.type(value) then
          assert.is_true(fds.has(value:fileno(), "CLOEXEC"))
          value:close()
        end
      end)
    end)
  end

  for _, case in ipairs(foreign) do
    it("is " .. case.name, function()
      if case.needs and not has(case.needs) then
        pending("needs " .. case.needs)
      end
      local object, number = case.make()
      local expected = spawned.ours()[number]
      local list = spawned.fds { stdin = object, fds = { [5] = object } }
      assert.equal(expected, list[0])
      assert.equal(expected, list[5])
      assert.equal(expected, spawned.ours()[number])
      local close = case.close or object.close
      close(object)
    end)
  end

  it("shares its offset with ours", function()
    fds.with_file(function(file)
      local p = assert(pidfd.spawn { "echo", "abc", stdout = file })
      p:wait()
      p:close()
      assert.equal(4, file:seek("cur"))
    end)
  end)

  local closed = {
    ["a pidfd.fd"] = function(number)
      local fd = borrowable["a pidfd.fd, which is close-on-exec"](number)
      fd:close()
      return fd
    end,
    ["a pidfd"] = function()
      local p = assert(pidfd.self())
      p:close()
      return p
    end,
    ["a Lua file"] = function(_, file)
      file:close()
      return file
    end,
    ["an object whose method gives -1, as LuaSocket's"] = function()
      return { getfd = function() return -1 end }
    end,
  }

  for name, make in sorted(closed) do
    it("raises if it is closed, and says which: " .. name, function()
      fds.with_file(function(file, number)
        local value = make(number, file)
        for key, options in pairs {
          ["stdin"] = { "/nowhere", stdin = value },
          ["fds%[3%]"] = { "/nowhere", fds = { [3] = value } },
          ["cgroup"] = { "/nowhere", cgroup = value },
        } do
          assert.error_matches(function() pidfd.spawn(options) end,
            "bad argument #1.*%(" .. key .. ": open ")
        end
      end)
    end)
  end

  local junk = {
    { name = "nothing" },
    { name = "a string", value = "0" },
    { name = "a boolean", value = true },
    { name = "-2", value = -2 },
    { name = "0.5", value = 0.5 },
    { name = "2^32", value = 2 ^ 32 },
    { name = "a table", value = {} },
    { name = "a file", value = io.stdin },
  }

  for _, case in ipairs(junk) do
    for _, method in ipairs { "fileno", "getfd", "pollfd" } do
      it(("raises if %s() gives %s"):format(method, case.name), function()
        local object = { [method] = function() return case.value end }
        assert.error_matches(function()
          pidfd.spawn { "/nowhere", stdin = object }
        end, "stdin: open descriptor from '" .. method .. "' expected, got ")
      end)
    end
  end

  -- Each allocation that may collect does. What is freed is soon used again.
  it("raises a message that is not collected before it is read", function()
    local output, stderr = script.run([[
      local pidfd = require "pidfd"
      local self = assert(pidfd.self())
      local calls = {
        peer = pidfd.peer,
        passpidfd = function(object) pidfd.passpidfd(object, true) end,
        spawn = function(object) pidfd.spawn { "true", stdin = object } end,
        fds = function(object)
          pidfd.spawn { "true", fds = { [7] = object } }
        end,
        send = function(object) pidfd.send(self, "x", { object }) end,
      }
      if _VERSION == "Lua 5.4" then
        collectgarbage("incremental", 1, 1000, 60)
      end
      collectgarbage("incremental", 0, 1000)
      for i = 1, 20 do
        for name, call in pairs(calls) do
          local value = ("%030d"):format(i)
          local _, message = pcall(call, { fileno = function()
            return value
          end })
          local expected = "open descriptor from 'fileno' expected, got '"
            .. value .. "')"
          if message:sub(-#expected) ~= expected then
            print(name, message)
          end
        end
      end
      print("end")
    ]])
    assert.equal("end\n", output)
    assert.equal("", stderr)
  end)

  it("raises what its method raises", function()
    local object = { fileno = function() error("mine", 0) end }
    local ok, message = pcall(pidfd.spawn, { "/nowhere", stderr = object })
    assert.is_false(ok)
    assert.equal("mine", message)
  end)

  it("raises when its method yields", function()
    local object = { fileno = coroutine.yield }
    local thread = coroutine.create(pidfd.spawn)
    assert.is_false((coroutine.resume(thread, { "true", stdin = object })))
  end)

  it("fails if it is closed, also with a cgroup to open later", function()
    fails("spawn: dup stdin", "EBADF",
      pidfd.spawn { "true", stdin = 999, cgroup = 0 })
  end)

  it("leaves no descriptor behind when its method raises", function()
    local object = { fileno = function() error("mine", 0) end }
    assert.equal(0, fds.leaked(function()
      assert.is_false((pcall(pidfd.spawn, {
        "true", stdin = "pipe", stdout = "null", stderr = object,
      })))
    end))
  end)
end)

describe("the table of pidfd.spawn()", function()
  it("may be changed by a method while it is read", function()
    local options = { "true", "x", path = "/bin/true", cwd = "/proc",
      env = { A = "1" } }
    options.stdin = {
      fileno = function()
        for key in pairs(options) do
          options[key] = nil
        end
        collectgarbage()
        return 0
      end,
    }
    local p = assert(pidfd.spawn(options))
    p:wait()
    p:close()
    assert.same({}, options)
  end)

  it("may lose an object that has been read", function()
    local options = { "cat", stdin = assert(io.open("/proc/version")) }
    options.stderr = {
      fileno = function()
        options.stdin = nil
        collectgarbage()
        return 2
      end,
    }
    assert.matches("^Linux", (spawned.output(options)))
  end)

  -- What becomes of them is not promised, but nothing crashes.
  local changes = {
    ["grow"] = function(list)
      for number = 100, 400 do
        list[number] = 0
      end
    end,
    ["shrink"] = function(list)
      for number in pairs(list) do
        list[number] = nil
      end
    end,
  }

  for name, change in sorted(changes) do
    it("has descriptors that may " .. name .. " while they are read",
      function()
        local list = { [20] = 0, [21] = 0, [22] = 0, [23] = 0 }
        list[24] = {
          getfd = function()
            change(list)
            collectgarbage()
            return 0
          end,
        }
        collectgarbage()
        local before = fds.count()
        local ok, p = pcall(pidfd.spawn, {
          "true", stdin = "pipe", fds = list,
        })
        if ok then
          p:wait()
          p:close()
        end
        collectgarbage()
        assert.equal(before, fds.count())
      end)
  end
end)
