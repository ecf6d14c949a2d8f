-- Lua code that runs inside a call: finalizers, and methods of objects that are
-- borrowed.

local compiled = require "spec.support.compiled"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"

-- An object to borrow, which runs 'action' when it is asked for its number.
local function object(action)
  return { fileno = function()
    action()
    return 0
  end }
end

-- The call finds no descriptor left, and the finalizer that runs then closes
-- what the call is about.
local CLOSED = [[
  local argument = require "spec.programs.argument"
  local pidfd = require "pidfd"
  local p = assert(pidfd.self())
  local fd = assert(p:getfd(0))
  local call = argument(arg[2], { pidfd = pidfd, p = p, fd = fd })
  collectgarbage("stop")
  local hold = {}
  repeat
    local more = p:dup()
    hold[#hold + 1] = more
  until not more
  local closing = arg[1] == "p" and p or fd
  setmetatable({}, { __gc = function() closing:close() end })
  print(pcall(call))
]]

describe("a call that runs out of descriptors", function()
  local cases = {
    ["p:dup"] = { "p", "p:dup()" },
    ["fd:dup"] = { "fd", "fd:dup()" },
    ["pidfd.getfd"] = { "p", "pidfd.getfd(p, 0)" },
    ["p:namespace"] = { "p", "p:namespace('net')" },
    ["p:fds"] = { "p", "p:fds()" },
    ["p:proc"] = { "p", "p:proc('stat')" },
  }

  for name, case in sorted(cases) do
    it("raises if a finalizer closes what it is about: " .. name, function()
      local output = run.with_descriptors(24, CLOSED, case[1], case[2])
      assert.matches("^false.*got a closed pidfd", output)
    end)
  end
end)

describe("the options of pidfd.spawn()", function()
  it("are read though a finalizer adds to 'env' meanwhile", function()
    local _, errors, how, code = script.run([[
      local pidfd = require "pidfd"
      local env
      local function arm()
        setmetatable({}, { __gc = function()
          if env then
            for i = 1, 3000 do env["V" .. i] = "x" end
            env = nil
          end
        end })
      end
      for round = 1, 200 do
        local e, junk = {}, {}
        for i = 1, 20 + round do e["E" .. i] = "v" end
        collectgarbage()
        env = e
        arm()
        for i = 1, round * 7 do junk[i] = {} end
        local p = assert(pidfd.spawn { "/bin/true", env = e })
        assert(p:wait())
        env = nil
      end
    ]])
    assert.equal("", errors)
    assert.equal("exit 0", how .. " " .. code)
  end)

  it("do not change while they are read", function()
    local options
    options = {
      "cat", cwd = "/", stdout = "pipe",
      env = { A = "1", PATH = os.getenv("PATH") },
      stdin = object(function()
        options.cwd, options.nope, options[2] = "/nowhere", true, "/nowhere"
        options.env.A, options.session = nil, "not a boolean"
      end),
    }
    options[1], options[2] = "sh", "-c"
    options[3] = "pwd; echo $A"
    local p, pipes = assert(pidfd.spawn(options))
    assert.equal("/\n", pipes.stdout:file():read("L"))
    assert(p:wait())
  end)

  it("are refused if a method closes what is borrowed", function()
    local fd = assert(assert(pidfd.self()):getfd(0))
    local file = assert(io.open("/dev/null"))
    for _, borrowed in ipairs { fd, file } do
      local children = spawned.children()
      local p, message, code = pidfd.spawn {
        "true", stdin = borrowed,
        stdout = object(function() borrowed:close() end),
      }
      assert.is_nil(p)
      assert.equal("EBADF", pidfd.errno[code])
      assert.matches("stdin", message)
      assert.equal(children, spawned.children())
    end
  end)

  it("do not lead to a stranger who has the number of what was borrowed",
    function()
      local me = assert(pidfd.self())
      local fd = assert(me:getfd(0))
      local stranger
      local p, _, code = pidfd.spawn {
        "true", stdin = fd,
        stdout = object(function()
          local number = fd:fileno()
          fd:close()
          stranger = assert(me:dup())
          assert.equal(number, stranger:fileno())
        end),
      }
      assert.is_nil(p)
      assert.equal("EBADF", pidfd.errno[code])
      stranger:close()
    end)

  local SETENV = [[
    local pidfd, setenv = require "pidfd", require "setenv"
    setenv("FIRST", "1") -- from now on environ is in the heap
    local function change()
      for i = 1, 300 do setenv("VAR" .. i, "value" .. i) end
      local t = {} -- what takes the memory that was freed
      for i = 1, 100 do t[i] = ("A"):rep(200 + i) end
      if arg[1] then
        setenv("PATH", arg[1])
      end
    end
    local borrowed = { fileno = function() change() return 0 end }
    local p, pipes = assert(pidfd.spawn {
      "env", stdin = borrowed, stdout = "pipe" })
    local count, malformed = 0, 0
    for line in pipes.stdout:file():lines() do
      count = count + (line:find("^VAR%d+=value%d+$") and 1 or 0)
      malformed = malformed + (line:find("^[%w_]+=") and 0 or 1)
    end
    print(count, malformed, (p:wait()))
  ]]

  it("leave the environment as it is when the program starts", function()
    compiled.need("setenv")
    local output = script.run(SETENV)
    assert.equal("300\t0\texit\n", output)
  end)

  it("leave PATH as it is when it is searched", function()
    compiled.need("setenv")
    local output = script.run(SETENV,
      ("/nowhere:"):rep(500) .. "/usr/bin:/bin")
    assert.equal("300\t0\texit\n", output)
  end)
end)

describe("a table that finalizers add to, again and again", function()
  local function output_of(program)
    if _VERSION ~= "Lua 5.4" then
      pending("needs a collector that never rests")
    end
    local output, errors = script.run(program)
    assert.equal("", errors)
    return output
  end

  it("raises an error, where it has names", function()
    assert.matches("^false.*does not grow while it is read", output_of [[
      local growing = require "spec.programs.growing"
      local pidfd = require "pidfd"
      print(pcall(pidfd.spawn, { "true", env = growing() }))
    ]])
  end)

  it("raises an error, where it is a list", function()
    assert.matches("^false.*does not grow while it is read", output_of [[
      local arm = require "spec.programs.arm"
      local pidfd = require "pidfd"
      local ranges, p = {}, pidfd.self()
      for i = 1, 20000 do
        ranges[i] = {}
      end
      arm(function()
        ranges[#ranges + 1] = {}
      end)
      print(pcall(p.madvise, p, "COLD", ranges))
    ]])
  end)
end)

-- Finalizers run wherever memory is taken, and take away what the call uses.
describe("a finalizer that takes values away from", function()
  local cases = {
    ["pidfd.poll()"] = "pidfd.poll({ p, p }, 0)",
    ["pidfd.spawn()"] = 'pidfd.spawn { "true", stdin = "pipe" }',
    ["p:dup()"] = "p:dup()",
    ["p:getfd()"] = "p:getfd(0)",
  }

  for name, code in sorted(cases) do
    it(name .. " lets it go on, or raise an error", function()
      local output, errors, how, status = script.run([[
        local argument = require "spec.programs.argument"
        local pidfd = require "pidfd"
        local take = require "spec.programs.taking"
        local p = assert(pidfd.self())
        local call = argument(arg[1], { pidfd = pidfd, p = p })
        local f = ({ poll = pidfd.poll, spawn = pidfd.spawn, dup = p.dup,
          getfd = p.getfd })[arg[2] ]
        local function is_of_call(value)
          return pidfd.type(value) or f == pidfd.poll
            and (type(value) == "table" or type(value) == "userdata")
        end
        local taken = false
        local function call_with_finalizers()
          for _ = 1, 10 do
            setmetatable({}, { __gc = function()
              if not taken then -- nested collections go too deep
                taken = take(f, is_of_call, nil)
              end
            end })
          end
          call()
        end
        collectgarbage("incremental", 1, 1000)
        for _ = 1, 100 do
          taken = false
          pcall(call_with_finalizers)
        end
        print("over")
        os.exit(true)
      ]], code, (name:match("%l+%(")):sub(1, -2))
      assert.equal("", errors)
      assert.equal("over\n", output)
      assert.equal("exit 0", how .. " " .. status)
    end)
  end
end)
