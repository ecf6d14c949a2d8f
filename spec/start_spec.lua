-- The time between clone(2) and execve(2), in which parent and child both run.

local compiled = require "spec.support.compiled"
local directory = require "spec.support.directory"
local language = require "spec.support.language"
local memories = require "spec.support.memories"
local need = require "spec.support.need"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"

describe("pidfd.spawn() where clone() refuses", function()
  local PROGRAM = [[
    local pidfd = require "pidfd"
    local fds = require "spec.support.fds"
    local spawned = require "spec.support.spawned"
    local before = fds.count()
    for _ = 1, 3 do
      local p = assert(pidfd.spawn { "sh", "-c", "exit 3", stdin = "null" })
      print(p:wait())
      p:close()
      print(select(3, pidfd.spawn { "/nowhere" }))
      print(select(3, pidfd.spawn { "true", cwd = "/nowhere" }))
    end
    print(fds.count() - before, spawned.children())
  ]]
  local EXPECTED = ("exit\t3\n2\n2\n"):rep(3) .. "0\t\n"

  local function assert_works(inject)
    local trace, output = run.traced("-e trace=clone -e inject=clone:"
      .. inject, PROGRAM)
    assert.equal(EXPECTED, output)
    return trace
  end

  it("to share our memory, makes a copy of it", function()
    local trace = assert_works("error=EINVAL:when=1..17+2")
    assert.matches("CLONE_VM.-EINVAL.-CLONE_PIDFD", trace)
  end)

  it("to make a pidfd, opens one", function()
    local trace, output = run.traced("-e trace=clone,pidfd_open"
      .. " -e inject=clone:error=EINVAL:when=1..2", [[
      print(require("pidfd").spawn({ "sh", "-c", "exit 3" }):wait())
    ]])
    assert.equal("exit\t3\n", output)
    assert.matches("pidfd_open", trace)
  end)

  -- Who is first, the child that gives up or its parent, is not known.
  it("to make a pidfd, and to tell the child to go on, says so", function()
    if run.is_emulated() then
      pending("an emulator makes system calls of its own")
    end
    assert.equal(("EINTR\tspawn: read\n"):rep(100) .. "0\t\n",
      run.under("exec " .. compiled.need_program("deaf"), [[
        local fds = require "spec.support.fds"
        local pidfd = require "pidfd"
        local spawned = require "spec.support.spawned"
        local before = fds.count()
        for _ = 1, 100 do
          local _, message, code = pidfd.spawn { "true" }
          print(pidfd.errno[code], message:match("^spawn: read"))
        end
        print(fds.count() - before, spawned.children())
      ]]))
  end)

  it("to make a pidfd, and a write to the child, leaves nothing", function()
    local _, output = run.traced("-e trace=clone,write"
      .. " -e inject=clone:error=EINVAL:when=1..2"
      .. " -e inject=write:error=EPERM:when=1", [[
      local fds = require "spec.support.fds"
      local pidfd = require "pidfd"
      local spawned = require "spec.support.spawned"
      local before = fds.count()
      local code = select(3, pidfd.spawn { "true" })
      print(pidfd.errno[code], fds.count() - before, spawned.children())
    ]])
    assert.equal("EPERM\t0\t\n", output)
  end)

  it("altogether, fails", function()
    local _, output = run.traced("-e trace=clone"
      .. " -e inject=clone:error=EINVAL", [[
      print(require("pidfd").spawn { "true" })
    ]])
    assert.equal("nil\tspawn: clone: Invalid argument\t22\n", output)
  end)
end)

describe("pidfd.spawn()", function()
  it("works in an emulator that shares no memory", function()
    if not os.execute("valgrind --version >/dev/null 2>&1") then
      pending("needs valgrind")
    end
    local output = run.under("exec valgrind -q", [[
      local pidfd = require "pidfd"
      print(select(3, pidfd.spawn { "/nowhere" }))
      print(pidfd.spawn({ "sh", "-c", "exit 3" }):wait())
    ]])
    if output:find("ASan runtime", 1, true) then
      pending("needs a module without ASan")
    end
    assert.matches("2\n", output)
    assert.matches("exit\t3\n", output)
  end)

  it("fails with ENOMEM where children have no init, and says so", function()
    local output = run.unshared("--pid", [[
      local pidfd = require "pidfd"
      assert(pidfd.spawn { "true" }):wait() -- it was the init
      local p, message, code = pidfd.spawn { "true" }
      print(p, message:match("^(spawn: clone: )"), message:match("%b()$"),
        pidfd.errno[code])
    ]])
    assert.equal("nil\tspawn: clone: \t(has the init process of their pid "
      .. "namespace ended?)\tENOMEM\n", output)
  end)

  for _, size in ipairs { 16, 32, 64, 80, 128 } do
    it(("works in a thread with a stack of %d KiB"):format(size), function()
      need("luv")
      if size == 16 then
        language.need("'require' in a stack of 16 KiB")
      end
      local output = script.run([[
        local thread = require("luv").new_thread({
          stack_size = tonumber(arg[1]) * 1024,
        }, function()
          local pidfd = require "pidfd"
          print(pidfd.spawn({ "true" }):wait())
          print(select(3, pidfd.spawn { "/nowhere", cwd = "/" }))
        end)
        thread:join()
      ]], size)
      assert.equal("exit\t0\n2\n", output)
    end)
  end

  it("fails with what ails the wait, and leaves no child", function()
    local _, output = run.traced(
      "-e trace=ppoll -e inject=ppoll:error=ENOMEM", [[
      local spawned = require "spec.support.spawned"
      print(require("pidfd").spawn { "sleep", "60" })
      print(spawned.children())
    ]])
    assert.matches("^nil\tspawn: ppoll: [^\t]+\t12\n\n$", output)
  end)
end)

-- A child that cannot write to the pipe ends all the same, and without its
-- program.
describe("pidfd.spawn() where write() is refused", function()
  for kind, options in sorted(memories) do
    it("still fails for a child " .. kind, function()
      local refusing = run.refusing("write", "EPERM")
      local program = [[
        local options = require "spec.programs.options"
        local pidfd = require "pidfd"
        local spawned = require "spec.support.spawned"
        local p, message, code = pidfd.spawn(options { "/nowhere" })
        local told = not p and message:find("execve /nowhere: ", 1, true)
          and code == pidfd.errno.ENOENT and spawned.children() == ""
        local q = assert(pidfd.spawn(options { "sh", "-c", "exit 127" }))
        local how, status = q:wait()
        os.exit(told and how == "exit" and status == 127 and 3 or 4)
      ]]
      local _, how, code = os.execute(refusing .. " "
        .. script.command(program, options) .. " 2>/dev/null")
      assert.same({ "exit", 3 }, { how, code })
    end)
  end
end)

-- A child that shares our memory would disturb it: 'errno', locks, and what
-- a thread that is to be cancelled has to clean up.
describe("the child's code", function()
  for _, name in ipairs { "child", "move" } do
    it("calls nothing of the C library: " .. name .. ".c", function()
      directory.with(function(where)
        local object = where .. "/object.o"
        local compile = "cc -std=gnu11 -O2 -fPIC -c -o %s src/linux/%s.c"
        compile = compile:format(object, name)
        if not os.execute(compile .. " 2>/dev/null") then
          pending("needs a C compiler, and the source")
        end
        local symbols = assert(io.popen("nm -u " .. object))
        local others = {}
        for line in symbols:lines() do
          local symbol = line:match("%S+$")
          if not symbol:find("^pfd_") and symbol:find("%a") then
            table.insert(others, symbol)
          end
        end
        symbols:close()
        assert.same({}, others)
      end)
    end)
  end
end)
