local child = require "spec.support.child"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local language = require "spec.support.language"
local pidfd = require "pidfd"
local registry = require "spec.support.types"
local run = require "spec.support.run"
local sorted = require "spec.support.sorted"

-- A pidfd.fd that can be adopted once it is released: it is a pidfd, too.
local function make_fd()
  local p = assert(pidfd.self())
  local fd = assert(p:getfd(p:fileno()))
  p:close()
  return fd
end

local types = {
  { name = "pidfd", variable = "p", make = pidfd.self },
  { name = "pidfd.fd", variable = "fd", make = make_fd },
}

-- Close what was released.
local function close(number)
  assert(assert(pidfd.adopt(number)):close())
end

describe("pidfd.type()", function()
  for _, type in ipairs(types) do
    it("returns '" .. type.name .. "' for one that is open", function()
      local o = assert(type.make())
      assert.equal(type.name, pidfd.type(o))
      o:close()
    end)

    it("returns 'closed " .. type.name .. "' for a closed one", function()
      local o = assert(type.make())
      o:close()
      assert.equal("closed " .. type.name, pidfd.type(o))
    end)
  end

  local others = {
    ["a file"] = io.stdout,
    ["a table"] = {},
    ["a string"] = "pidfd",
    ["a number"] = 1,
    ["false"] = false,
    ["a function"] = print,
    ["a coroutine"] = coroutine.create(print),
  }

  for name, value in sorted(others) do
    it("returns nil for " .. name, function()
      assert.is_nil(pidfd.type(value))
    end)
  end

  it("returns nil for nil", function()
    assert.is_nil(pidfd.type(nil))
  end)

  it("returns nil for a table with a pidfd's metatable", function()
    local t = setmetatable({}, require("spec.support.types").pidfd)
    assert.is_nil(pidfd.type(t))
    setmetatable(t, nil) -- it has a __gc
  end)

  it("raises without an argument", function()
    assert.error_matches(function() pidfd.type() end, "bad argument #1")
  end)
end)

for _, type in ipairs(types) do
  local make, variable = type.make, type.variable

  describe(variable .. ":close()", function()
    it("returns true, and closes the descriptor", function()
      local o = assert(make())
      local number = o:fileno()
      assert.is_true(o:close())
      assert.is_false(fds.is_open(number))
    end)

    it("returns true for one that is closed", function()
      local o = assert(make())
      o:close()
      assert.is_true(o:close())
    end)

    it("never closes the number again, which is another's now", function()
      local o = assert(make())
      local number = o:fileno()
      o:close()
      local other = fds.take(number)
      assert.is_true(o:close())
      assert.is_true(fds.is_open(number))
      o = nil -- luacheck: ignore
      collectgarbage()
      assert.is_true(fds.is_open(number))
      assert.is_true(other:close())
    end)

    it("fails with EBADF when somebody else closed the number", function()
      local o = assert(make())
      close(o:fileno())
      fails("close", "EBADF", o:close())
      assert.equal("closed " .. type.name, pidfd.type(o))
      assert.is_true(o:close())
    end)
  end)

  describe(variable .. ":release()", function()
    it("returns the number, which stays open", function()
      local o = assert(make())
      local number = o:fileno()
      assert.equal(number, o:release())
      assert.equal("closed " .. type.name, pidfd.type(o))
      assert.is_true(fds.is_open(number))
      close(number)
    end)

    it("leaves nothing to close, nor to collect", function()
      local o = assert(make())
      local number = o:release()
      assert.is_true(o:close())
      o = nil -- luacheck: ignore
      collectgarbage()
      assert.is_true(fds.is_open(number))
      close(number)
    end)
  end)

  describe(variable .. ":fileno()", function()
    it("returns the number, which the object still owns", function()
      local o = assert(make())
      local number = o:fileno()
      assert.equal("integer", math.type(number))
      assert.is_true(fds.is_open(number))
      assert.equal(number, o:fileno())
      o:close()
      assert.is_false(fds.is_open(number))
    end)
  end)

  describe(variable .. ":dup()", function()
    it("returns another of that type, on the same thing", function()
      local o = assert(make())
      local copy = assert(o:dup())
      assert.equal(type.name, pidfd.type(copy))
      assert.are_not.equal(o:fileno(), copy:fileno())
      local p = assert(pidfd.self())
      local list = assert(p:fds())
      assert.equal(list[o:fileno()], list[copy:fileno()])
      for _, each in ipairs { o, copy, p } do
        each:close()
      end
    end)

    it("makes a descriptor that is close-on-exec", function()
      local o = assert(make())
      local copy = assert(o:dup())
      assert.is_true(fds.has(copy:fileno(), "CLOEXEC"))
      o:close()
      copy:close()
    end)

    it("returns one that outlives the first", function()
      local o = assert(make())
      local copy = assert(o:dup())
      o:close()
      assert.is_true(fds.is_open(copy:fileno()))
      copy:close()
    end)

    it("fails with EBADF when somebody else closed the number", function()
      local o = assert(make())
      close(o:fileno())
      fails("dup", "EBADF", o:dup())
      o:close()
    end)

    it("gives its descriptors back when the collector comes", function()
      local o = assert(make())
      assert.equal(0, fds.leaked(function()
        assert(o:dup())
      end))
      o:close()
    end)

    it("makes no descriptor when it fails", function()
      local o = assert(make())
      close(o:fileno())
      assert.equal(0, fds.leaked(function()
        assert.is_nil(o:dup())
      end))
      o:close()
    end)
  end)

  describe("a closed " .. type.name, function()
    local closed = assert(make())
    closed:close()

    for name, method in sorted(getmetatable(closed).__index) do
      if name ~= "close" then
        it("raises in " .. name .. "()", function()
          assert.error_matches(function()
            method(closed)
          end, "open " .. type.name .. " expected, got a closed " .. type.name)
        end)
      end
    end

    it("can be closed by the collector and by its scope", function()
      local metatable = getmetatable(closed)
      metatable.__gc(closed)
      metatable.__close(closed)
      assert.equal("closed " .. type.name, pidfd.type(closed))
    end)
  end)

  describe("a " .. type.name, function()
    it("is closed by the collector", function()
      assert.equal(0, fds.leaked(function()
        assert(make())
      end))
    end)

    it("is closed by __gc and by __close", function()
      for _, name in ipairs { "__gc", "__close" } do
        local o = assert(make())
        getmetatable(o)[name](o)
        assert.equal("closed " .. type.name, pidfd.type(o))
      end
    end)

    local scope = load [[
      local o, leave = ...
      local closing <close> = o
      leave(closing)
    ]]

    it("is closed at the end of its scope", function()
      language.need("<close>")
      local o = assert(make())
      scope(o, function()
        assert.equal(type.name, pidfd.type(o))
      end)
      assert.equal("closed " .. type.name, pidfd.type(o))
    end)

    it("is closed when an error leaves its scope", function()
      language.need("<close>")
      local o = assert(make())
      assert.has_error(function()
        scope(o, error)
      end)
      assert.equal("closed " .. type.name, pidfd.type(o))
    end)
  end)
end

-- Some have the same name, and do the same for both.
for i, type in ipairs(types) do
  local other = types[3 - i]

  describe("a method of a " .. type.name, function()
    for name, method in sorted(registry[type.name].__index) do
      if not registry[other.name].__index[name] then
        it(("raises for a %s: %s:%s()"):format(other.name, type.variable, name),
          function()
            local o = assert(other.make())
            assert.error_matches(function() method(o) end,
              "bad argument #1 .*" .. type.name .. " expected, got " ..
                other.name)
            o:close()
          end)
      end
    end
  end)
end

describe("fd:close()", function()
  it("fails with the errno of close(2), and is over", function()
    local path = os.tmpname()
    local inject = "-e trace=close -e inject=close:error=EIO -P " .. path
    local trace, output = run.traced(inject, [[
      local pidfd = require "pidfd"
      local path = arg[1]
      local file = assert(io.open(path))
      local p = pidfd.self()
      for number, target in pairs(p:fds()) do
        if target == path then
          local fd = assert(p:getfd(number))
          print(fd:close())
          print(pidfd.type(fd), fd:close())
        end
      end
      assert(file)
      os.exit(0)
    ]], path)
    os.remove(path)
    local message, code, rest =
      output:match("^nil\tclose %d+: (.-)\t(%d+)\n(.*)$")
    assert.is_string(message)
    assert.equal(pidfd.errno.EIO, tonumber(code))
    assert.equal("closed pidfd.fd\ttrue\n", rest)
    assert.equal(1, select(2, trace:gsub("close%(", "")))
  end)
end)

describe("tostring()", function()
  it("tells the pid and the descriptor of a pidfd", function()
    child.with(function(p, pid)
      local expected = ("pidfd (pid %d, fd %d)"):format(pid, p:fileno())
      assert.equal(expected, tostring(p))
    end)
  end)

  it("tells the pid of a zombie", function()
    child.with_zombie(function(p, pid)
      local expected = ("pidfd (pid %d, fd %d)"):format(pid, p:fileno())
      assert.equal(expected, tostring(p))
    end)
  end)

  it("tells that the process was reaped", function()
    child.with_reaped(function(p)
      local expected = ("pidfd (reaped, fd %d)"):format(p:fileno())
      assert.equal(expected, tostring(p))
    end)
  end)

  it("tells the number of a pidfd.fd", function()
    local fd = make_fd()
    assert.equal(("pidfd.fd (%d)"):format(fd:fileno()), tostring(fd))
    fd:close()
  end)

  for _, type in ipairs(types) do
    it("tells that a " .. type.name .. " is closed", function()
      local o = assert(type.make())
      o:close()
      assert.equal(type.name .. " (closed)", tostring(o))
    end)

    it("does not raise when somebody else closed a " .. type.name, function()
      local o = assert(type.make())
      close(o:fileno())
      assert.is_string(tostring(o))
      o:close()
    end)
  end

  it("does not raise where /proc is hidden", function()
    local output = run.unshared(run.without_proc,
      "print(require('pidfd').self())")
    assert.matches("^pidfd %(.*fd %d+%)\n$", output)
  end)
end)
