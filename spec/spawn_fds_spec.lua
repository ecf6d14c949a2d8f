local directory = require "spec.support.directory"
local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local run = require "spec.support.run"
local script = require "spec.support.script"
local spawned = require "spec.support.spawned"

-- Call 'use' with the numbers and the paths of so many open files.
local function with_files(n, use, numbers, paths)
  numbers, paths = numbers or {}, paths or {}
  if n == 0 then
    return use(numbers, paths)
  end
  fds.with_file(function(_, number, path)
    table.insert(numbers, number)
    table.insert(paths, path)
    with_files(n - 1, use, numbers, paths)
  end)
end

describe("the fds of pidfd.spawn()", function()
  it("are those that are named, and no others", function()
    with_files(2, function(numbers, paths)
      assert.is_false(fds.has(numbers[1], "CLOEXEC"))
      assert.same(spawned.inherited { [numbers[2]] = paths[2] },
        spawned.fds { fds = { [numbers[2]] = numbers[2] } })
    end)
  end)

  it("are not those that we inherited", function()
    assert.equal("0\n1\n2\n", (run.under("exec 8</dev/null 9<&8;", [[
      local spawned = require "spec.support.spawned"
      for number = 0, 10 do
        print(spawned.fds({})[number] and number)
      end
    ]]):gsub("nil\n", "")))
  end)

  it("are open though ours are close-on-exec", function()
    fds.with_file(function(_, number, path)
      local self = assert(pidfd.self())
      local fd = assert(self:getfd(number))
      self:close()
      local same = fd:fileno()
      assert.same(spawned.inherited { [same] = path },
        spawned.fds { fds = { [same] = fd } })
      assert.is_true(fds.has(same, "CLOEXEC"))
      fd:close()
    end)
  end)

  it("may swap their numbers", function()
    with_files(2, function(numbers, paths)
      local a, b = numbers[1], numbers[2]
      assert.same(spawned.inherited { [a] = paths[2], [b] = paths[1] },
        spawned.fds { fds = { [a] = b, [b] = a } })
    end)
  end)

  it("may go round in a circle", function()
    with_files(5, function(numbers, paths)
      local targets, expected = {}, {}
      for i, number in ipairs(numbers) do
        targets[number] = numbers[i % 5 + 1]
        expected[number] = paths[i % 5 + 1]
      end
      assert.same(spawned.inherited(expected), spawned.fds { fds = targets })
    end)
  end)

  it("may all move up by one, or down", function()
    with_files(4, function(n, paths)
      assert.same(
        spawned.inherited {
          [n[2]] = paths[1], [n[3]] = paths[2], [n[4]] = paths[3],
        },
        spawned.fds { fds = { [n[2]] = n[1], [n[3]] = n[2], [n[4]] = n[3] } })
      assert.same(
        spawned.inherited {
          [n[1]] = paths[2], [n[2]] = paths[3], [n[3]] = paths[4],
        },
        spawned.fds { fds = { [n[1]] = n[2], [n[2]] = n[3], [n[3]] = n[4] } })
    end)
  end)

  it("may swap with the streams", function()
    directory.with(function(where)
      local program = script.command [[
        local spawned = require "spec.support.spawned"
        local list = spawned.fds { stdin = 1, stdout = 2, stderr = 0,
          fds = { [3] = 1 } }
        local file = assert(io.open(arg[1] .. "/list", "w"))
        for number = 0, 9 do
          file:write(list[number] or "-", "\n")
        end
        file:close()
      ]]
      local streams = (" %s </dev/null >%s/out 2>%s/err"):gsub("%%s", where)
      assert(os.execute(program .. streams))
      local text = read(where .. "/list"):gsub(where .. "/", "")
      assert.equal("out\nerr\n/dev/null\nout\n" .. ("-\n"):rep(6), text)
    end)
  end)

  it("may be the numbers that the pipes have here", function()
    local free = pidfd.self()
    local lowest = free:fileno()
    free:close()
    fds.with_file(function(_, number, path)
      local wanted = {}
      for n = lowest, lowest + 9 do
        wanted[n] = number
      end
      spawned.stopped({ stdin = "pipe", stdout = "pipe", stderr = "pipe",
        fds = wanted }, function(p, pipes)
        local expected, ours = {}, spawned.ours()
        for n, name in pairs(spawned.STREAMS) do
          expected[n] = ours[pipes[name]:fileno()]
        end
        for n in pairs(wanted) do
          expected[n] = path
        end
        assert.same(expected, p:fds())
      end)
    end)
  end)

  it("may have every number that there is", function()
    assert.equal("/dev/null\n", (run.with_descriptors(64, [[
      local spawned = require "spec.support.spawned"
      print(spawned.fds({ fds = { [63] = 0 } })[63])
    ]])))
  end)

  it("may be many", function()
    fds.with_file(function(_, number, path)
      local targets, expected = {}, {}
      for n = 3, 200 do
        targets[n], expected[n] = number, path
      end
      assert.same(spawned.inherited(expected), spawned.fds { fds = targets })
    end)
  end)
end)

local SHOW = "require 'spec.programs.opened'" -- so that it has compat.lua

describe("pidfd.spawn() where close_range() is refused", function()
  local function refusing(code)
    return run.refusing(run.CLOSE_RANGE, code)
  end

  for _, code in ipairs { "ENOSYS", "EPERM" } do
    it("closes the others all the same: " .. code, function()
      local prefix = "exec 8</dev/null 9<&8; exec " .. refusing(code)
      local options = "fds = { [5] = 0, [12] = 0 }"
      assert.equal("0 /dev/null\n1 pipe\n2 pipe\n5 /dev/null\n12 /dev/null\n",
        (run.under(prefix, SHOW, options)))
    end)
  end

  it("closes more than fit into one buffer", function()
    local output = run.under("exec " .. refusing("ENOSYS"), [[
      local spawned = require "spec.support.spawned"
      local files = {}
      for i = 1, 300 do
        files[i] = assert(io.open("/dev/null"))
      end
      for number in pairs(spawned.fds { fds = { [150] = 0 } }) do
        io.write(number < 3 and "" or number .. "\n")
      end
    ]])
    assert.equal("150\n", output)
  end)

  it("fails with ENOENT where there is no /proc either", function()
    local options = run.without_proc .. " " .. refusing("ENOSYS")
    local output = run.unshared(options, [[
      local pidfd = require "pidfd"
      local p, message, code = pidfd.spawn { "true" }
      print(p, message:match("^.*:"), pidfd.errno[code])
    ]])
    assert.equal("nil\tspawn: open /proc/self/fd:\tENOENT\n", output)
  end)
end)
