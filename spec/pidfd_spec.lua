local compiled = require "spec.support.compiled"
local pidfd = require "pidfd"
local script = require "spec.support.script"
local spawned = require "spec.support.spawned"

-- A program that tells what is different once the module is loaded.
local difference = [[
  local function read(path)
    local file = assert(io.open(path))
    local text = file:read("*a")
    file:close()
    return text
  end

  local function descriptors()
    local pid = read("/proc/self/stat"):match("^%d+")
    os.execute("ls /proc/" .. pid .. "/fd >" .. arg[1])
    return read(arg[1])
  end

  local function state()
    local status = read("/proc/self/status")
    local list = { descriptors = descriptors() }
    for name, mask in status:gmatch("(Sig%a+):%s*(%x+)\n") do
      list[name] = mask
    end
    for name, value in pairs(_G) do
      list["global " .. name] = value
    end
    for name, value in pairs(package.loaded) do
      list["module " .. name] = value
    end
    list.locale = os.setlocale()
    return list
  end

  state()
  local before = state()
  require "pidfd"
  local after = state()
  after["module pidfd"] = nil
  for name, value in pairs(after) do
    if before[name] ~= value then
      print(name, before[name], value)
    end
  end
]]

-- A program that loads the module many times.
local reload = [[
  local first = require "pidfd"
  local p = assert(first.self())
  local fd = assert(p:getfd(p:fileno()))
  local again
  for _ = 1, 100 do
    package.loaded.pidfd = nil
    again = require "pidfd"
    assert(again ~= first)
  end
  assert(again.type(p) == "pidfd" and again.type(fd) == "pidfd.fd")
  assert(again.getfd(p, p:fileno())):close()
  assert(first.type(again.self()) == "pidfd")
  assert(first.self():pid() == p:pid())
  fd:close()
  p:close()
  assert(again.type(p) == "closed pidfd")
  print(first.type(fd))
]]

describe("require 'pidfd'", function()
  it("returns a table of functions and of tables, and its version", function()
    assert.is_table(pidfd)
    for name, value in pairs(pidfd) do
      if name ~= "_VERSION" then
        assert.matches("^%l[%l_]*$", name)
        assert.is_true(type(value) == "function" or type(value) == "table")
      end
    end
  end)

  it("changes nothing else in the process", function()
    local list = os.tmpname()
    local output, errors, how, code = script.run(difference, list)
    os.remove(list)
    assert.equal("", output)
    assert.equal("", errors)
    assert.equal("exit 0", how .. " " .. code)
  end)

  it("works many times in one state", function()
    local output, errors = script.run(reload)
    assert.equal("closed pidfd.fd\n", output)
    assert.equal("", errors)
  end)

  it("makes tables that do not depend on the next load's", function()
    local loaded = package.loaded.pidfd
    package.loaded.pidfd = nil
    local again = require "pidfd"
    package.loaded.pidfd = loaded
    again.flags.NONBLOCK = nil
    again.errno.ESRCH = nil
    assert.is_number(pidfd.flags.NONBLOCK)
    assert.is_number(pidfd.errno.ESRCH)
  end)

  it("works in two states of one process", function()
    local program = compiled.need_host("two_states")
    local _, cpath = script.settings()
    local output = spawned.output {
      "env", cpath, program,
      [[
        local pidfd = require "pidfd"
        local p = assert(pidfd.self())
        local fd = assert(p:getfd(p:fileno()))
        assert(pidfd.type(fd) == "pidfd.fd")
        package.loaded.kept = { p = p, fd = fd }
      ]],
      [[
        local kept = require "kept"
        local p, fd = kept.p, kept.fd
        assert(p:pid() and fd:fileno() and require("pidfd").self())
        assert(p:close() and fd:close())
        print("both worked")
      ]],
      stderr = "stdout",
    }
    assert.equal("both worked\n", output)
  end)
end)

describe("a state that is closed", function()
  it("leaves no memory if it was the last that had the module", function()
    local program = compiled.need_host("many_states")
    local _, cpath = script.settings()
    local output = spawned.output {
      "env", cpath, program, "20",
      [[
        local pidfd = require "pidfd"
        assert(assert(pidfd.spawn { "true" }):wait())
        local n = 0
        for _ in io.lines("/proc/self/maps") do
          n = n + 1
        end
        print(n)
      ]],
      stderr = "stdout",
    }
    local counts = {}
    for count in output:gmatch("%d+") do
      table.insert(counts, tonumber(count))
    end
    assert.equal(20, #counts, output)
    assert.is_true(counts[20] - counts[2] < 10, output)
  end)
end)

describe("the types of 'pidfd'", function()
  local registry = require "spec.support.types"

  for _, name in ipairs { "pidfd", "pidfd.fd" } do
    it("have a metatable with the name " .. name, function()
      assert.equal(name, registry[name].__name)
    end)

    it("answer nil for what a " .. name .. " has not", function()
      assert.is_nil(registry[name].__index.nope)
    end)
  end
end)

-- Another library may have a type of the same name, with another struct.
describe("an object of another library's type", function()
  for _, name in ipairs { "pidfd", "pidfd.fd" } do
    it("that is called " .. name .. " is none of ours", function()
      local output = script.run([[
        local registry, name = debug.getregistry(), arg[1]
        registry[name] = { __name = name }
        local pidfd = require "pidfd"
        local foreign = io.tmpfile()
        debug.setmetatable(foreign, registry[name])
        print(pidfd.type(foreign))
        local self = pidfd.self()
        print(pcall(self.close, foreign), pcall(self.wait, foreign, 0))
        print(pidfd.type(self))
      ]], name)
      assert.matches("^nil\nfalse.*\tfalse\t.*bad argument.*\npidfd\n$", output)
    end)
  end
end)
