local cgroup = require "spec.support.cgroup"
local compiled = require "spec.support.compiled"
local ensure = require "spec.support.ensure"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local run = require "spec.support.run"
local spawned = require "spec.support.spawned"

-- The cgroup, of version 2, of which a process tells.
local function cgroup_in(text)
  return ("\n" .. text):match("\n0::([^\n]*)")
end

local function ends_with(name)
  return name:gsub("%.", "%%.") .. "$"
end

describe("the cgroup of pidfd.spawn()", function()
  it("is ours when nothing is said", function()
    assert.equal(read("/proc/self/cgroup"),
      (spawned.output { "cat", "/proc/self/cgroup" }))
  end)

  it("is the one at the path", function()
    cgroup.with(function(path, name)
      local text = spawned.output { "cat", "/proc/self/cgroup", cgroup = path }
      assert.matches(ends_with(name), cgroup_in(text))
    end)
  end)

  it("is the one of the descriptor", function()
    cgroup.with(function(path, name)
      local directory = assert(io.open(path))
      local text = spawned.output {
        "cat", "/proc/self/cgroup", cgroup = directory,
      }
      directory:close()
      assert.matches(ends_with(name), cgroup_in(text))
    end)
  end)

  it("is entered before the user changes", function()
    cgroup.with(function(path, name)
      local text = spawned.output {
        "cat", "/proc/self/cgroup", cgroup = path, uid = 65534, gid = 65534,
        groups = {},
      }
      assert.matches(ends_with(name), cgroup_in(text))
    end)
  end)

  it("is the child's from its birth", function()
    cgroup.with(function(path)
      local trace = run.traced("-e trace=clone3", [[
        assert(require("pidfd").spawn { "true", cgroup = arg[1] }):wait()
      ]], path)
      for _, flag in ipairs { "VM", "PIDFD", "INTO_CGROUP" } do
        assert.matches("CLONE_" .. flag .. "[|,]", trace)
      end
      assert.matches("exit_signal=SIGCHLD", trace)
    end)
  end)

  it("does not change how a program fails that is not there", function()
    cgroup.with(function(path)
      for _, uid in ipairs { false, run.user() } do
        local children = spawned.children()
        local p, message = pidfd.spawn {
          "/nowhere", cgroup = path, uid = uid or nil,
        }
        assert.is_nil(p)
        assert.equal("spawn: execve /nowhere: No such file or directory",
          message)
        assert.equal(children, spawned.children())
      end
    end)
  end)

  it("does not change ours", function()
    cgroup.with(function(path, name)
      spawned.output { "true", cgroup = path }
      assert.not_matches(ends_with(name),
        cgroup_in((spawned.output { "cat", "/proc/self/cgroup" })))
    end)
  end)

  it("is not among the child's descriptors", function()
    cgroup.with(function(path)
      local ours = spawned.ours()
      assert.same({ [0] = ours[0], ours[1], ours[2] },
        spawned.fds { cgroup = path })
    end)
  end)
end)

-- In either way: by clone3(2), and where that is refused.
local REFUSED = [[
  local pidfd = require "pidfd"
  local cgroup = arg[2] and assert(io.open(arg[1])) or arg[1]
  if arg[2] then
    assert(os.remove(arg[1]))
  end
  local p, message, code = pidfd.spawn { "true", cgroup = cgroup }
  print(p, message and message:match("^spawn: cgroup .-: "),
    pidfd.errno[code])
]]

describe("pidfd.spawn() with a cgroup that takes no process", function()
  local function put(path, text)
    local file = io.open(path, "w")
    local done = file and file:write(text)
    return file and file:close() and done
  end

  -- With these, a cgroup goes on taking processes: cgroups(7), "threaded".
  local THREADED = { cpu = true, cpuset = true, perf_event = true, pids = true }

  -- Call 'use' with a controller that the cgroups below 'path' may have. It is
  -- one that nobody uses, and given back.
  local function with_controller(path, use)
    local above = path:match("^(.*)/")
    local control = above .. "/cgroup.subtree_control"
    local used = {}
    for name in read(control):gmatch("%S+") do
      used[name] = true
    end
    for name in read(above .. "/cgroup.controllers"):gmatch("%S+") do
      if not used[name] and not THREADED[name]
        and put(control, "+" .. name)
      then
        ensure(use, function()
          put(path .. "/cgroup.subtree_control", "-" .. name)
          put(control, "-" .. name)
        end, name)
        return
      end
    end
    pending("needs a controller of cgroups that nobody uses")
  end

  for _, refused in ipairs { false, true } do
    local function command()
      if not refused then
        return "exec "
      end
      local refusing = run.refusing(run.CLONE3, "ENOSYS")
      return "exec " .. refusing
    end

    local how = refused and " entered later" or ""

    it("names it where it was removed:" .. how, function()
      local prefix = command()
      cgroup.with(function(path)
        local gone = path .. "/gone"
        assert(os.execute("mkdir " .. gone))
        local output = run.under(prefix, REFUSED, gone, "remove")
        assert.matches("^nil\tspawn: cgroup %d+: \tENO%u+\n$", output)
      end)
    end)

    it("fails with EBUSY where those below have controllers:" .. how,
      function()
        local prefix = command()
        cgroup.with(function(path)
          with_controller(path, function(name)
            if not put(path .. "/cgroup.subtree_control", "+" .. name) then
              pending("needs controllers of cgroups that we may give")
            end
            assert.equal(("nil\tspawn: cgroup %s: \tEBUSY\n"):format(path),
              run.under(prefix, REFUSED, path))
          end)
        end)
      end)

    it("fails with EOPNOTSUPP where its domain is invalid:" .. how,
      function()
        local prefix = command()
        cgroup.with(function(path)
          local threaded, below = path .. "/t", path .. "/t/u"
          assert(os.execute("mkdir " .. threaded))
          local possible = put(threaded .. "/cgroup.type", "threaded")
            and os.execute("mkdir " .. below)
          local output = possible and run.under(prefix, REFUSED, below)
          os.remove(below)
          os.remove(threaded)
          if not possible then
            pending("needs threaded cgroups")
          end
          assert.equal(("nil\tspawn: cgroup %s: \tEOPNOTSUPP\n"):format(below),
            output)
        end)
      end)
  end
end)

describe("pidfd.spawn() into a frozen cgroup", function()
  it("is ended by a hook that raises, and leaves no child", function()
    cgroup.with(function(path)
      local file = io.open(path .. "/cgroup.freeze", "w")
      if not file or not compiled.module("unix") then
        pending("needs cgroups that freeze (Linux 5.2), and a C compiler")
      end
      file:write("1")
      file:close()
      assert.equal("false\tenough\n\n", (run.under("exec timeout -s KILL 30", [[
        local alarm = require "spec.programs.alarm"
        local pidfd = require "pidfd"
        local spawned = require "spec.support.spawned"
        print(pcall(alarm.after, 0.02, function()
          error("enough", 0)
        end, pidfd.spawn, { "true", cgroup = arg[1] }))
        print(spawned.children())
      ]], path)))
    end)
  end)
end)

describe("pidfd.spawn() without the right to use a cgroup", function()
  it("fails with EACCES", function()
    local root = cgroup.mount()
    local output = root and run.as_stranger([[
      local pidfd = require "pidfd"
      print(pidfd.errno[select(3, pidfd.spawn { "true", cgroup = arg[2] })])
    ]], nil, root)
    if not output then
      pending("needs cgroups of version 2, and root")
    end
    assert.equal("EACCES\n", output)
  end)
end)

-- Spawns in the cgroup, whose path is the argument, in either way. Prints what
-- cgroup the child has, and what descriptors.
local ENTER = [[
  local spawned = require "spec.support.spawned"
  local directory = assert(io.open(arg[1]))
  for _, cgroup in ipairs { arg[1], directory } do
    spawned.stopped({ cgroup = cgroup }, function(p)
      for line in io.lines(("/proc/%d/cgroup"):format(p:pid())) do
        io.write(line:match("^0::.*") or "")
      end
      local list = p:fds()
      for number = 0, 20 do
        io.write(list[number] and " " .. number or "")
      end
      print()
    end)
  end
]]

describe("pidfd.spawn() with a cgroup where clone3() is refused", function()
  -- Run a program there.
  local function run_refusing(code, program, ...)
    local refusing = run.refusing(run.CLONE3, code)
    return run.under("exec " .. refusing, program, ...)
  end

  for _, code in ipairs { "ENOSYS", "EPERM", "E2BIG" } do
    it("has the child enter it all the same: " .. code, function()
      cgroup.with(function(path, name)
        local line = "0::[^\n]*" .. name:gsub("%.", "%%.") .. " 0 1 2\n"
        assert.matches("^" .. line .. line .. "$",
          run_refusing(code, ENTER, path))
      end)
    end)
  end

  it("fails with ENOENT for a directory that is none", function()
    local output = run_refusing("ENOSYS", [[
      local pidfd = require "pidfd"
      local p, message, code = pidfd.spawn { "true", cgroup = "/" }
      print(p, message:match("^.*:"), pidfd.errno[code])
    ]])
    assert.equal("nil\tspawn: cgroup /:\tENOENT\n", output)
  end)
end)
