local need = require "spec.support.need"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"

local function own_status(field)
  local self = assert(pidfd.self())
  local value = spawned.status(self, field)
  self:close()
  return value
end

-- Check fields of a child's status.
local function assert_status(expected, options)
  spawned.stopped(options, function(p)
    local status = {}
    for field in pairs(expected) do
      status[field] = spawned.status(p, field)
    end
    assert.same(expected, status)
  end)
end

describe("the user of pidfd.spawn()", function()
  it("is ours when nothing is said", function()
    assert_status({
      Uid = own_status("Uid"),
      Gid = own_status("Gid"),
      Groups = own_status("Groups"),
    }, {})
  end)

  it("may be named though it is ours", function()
    local uid = math.tointeger(tonumber(own_status("Uid"):match("%d+")))
    local gid = math.tointeger(tonumber(own_status("Gid"):match("%d+")))
    assert_status({ Uid = own_status("Uid"), Gid = own_status("Gid") },
      { uid = uid, gid = gid + 0.0 })
  end)

  local cases = {
    ["uid"] = {
      { uid = 65534, groups = {} }, { Uid = ("65534 "):rep(4), Groups = "" },
    },
    ["gid"] = { { gid = 65534 }, { Gid = ("65534 "):rep(4) } },
    ["groups"] = { { groups = { 7, 5, 6 } }, { Groups = "5 6 7 " } },
    ["no groups"] = { { groups = {} }, { Groups = "" } },
    ["the largest uid"] = {
      { uid = 2 ^ 32 - 2, groups = {} },
      { Uid = ("4294967294 "):rep(4), Groups = "" },
    },
    ["all of them"] = {
      { uid = 65534, gid = 65533, groups = { 65532 } },
      {
        Uid = ("65534 "):rep(4), Gid = ("65533 "):rep(4),
        Groups = "65532 ", CapEff = ("0"):rep(16),
      },
    },
  }

  for name, case in sorted(cases) do
    it("is the one that is named: " .. name, function()
      run.need_root()
      local options, expected = case[1], {
        Uid = own_status("Uid"),
        Gid = own_status("Gid"),
        Groups = own_status("Groups"),
      }
      for field, value in pairs(case[2]) do
        expected[field] = value:gsub(" $", "")
      end
      assert_status(expected, options)
    end)
  end

  it("is not changed by root while the groups are left to chance", function()
    run.need_root()
    assert.error_matches(function()
      pidfd.spawn { "true", uid = 65534, gid = 65534 }
    end, "groups: list of those of user 65534 expected, such as {}, got nil",
      1, true)
    assert_status({ Uid = own_status("Uid") }, { uid = 0 })
  end)

  -- Else our memory would become undumpable.
  it("has a copy of our memory, if one is named", function()
    local trace = run.traced("-e trace=clone,clone3", [[
      local pidfd = require "pidfd"
      assert(pidfd.spawn { "true" }):wait()
      assert(pidfd.spawn { "true", uid = math.tointeger(arg[1]) }):wait()
    ]], run.user())
    local ours, apart = trace:match("(clone[^\n]*)\n.*(clone[^\n]*)\n")
    assert.matches("CLONE_VM|", ours)
    assert.not_matches("CLONE_VFORK", ours)
    assert.not_matches("CLONE_VM", apart)
    assert.not_matches("CLONE_VFORK", apart)
  end)

  it("can stop neither the child before it runs, nor us with it", function()
    run.need_root()
    local output = run.under("exec timeout -s KILL 30", [[
      local pidfd = require "pidfd"
      local uid = 61234 -- who has no other processes
      local enemy, pipes = assert(pidfd.spawn {
        "sh", "-c", "echo; while kill -STOP -1 || :; do sleep 0.001; done",
        uid = uid, groups = {}, pdeathsig = "KILL", stdout = "pipe",
      })
      pipes.stdout:file():read()
      for _ = 1, 20 do
        local p = assert(pidfd.spawn {
          "true", uid = uid, groups = {}, pdeathsig = "KILL",
        })
        p:send_signal("KILL")
        p:wait()
        assert(not pidfd.spawn { "/nowhere", uid = uid, groups = {} })
      end
      enemy:terminate(0)
      print("done")
    ]])
    assert.equal("done\n", output)
  end)

  it("is no reason to tell a program to go on", function()
    local trace = run.traced(
      "-f -e trace=execve,pidfd_send_signal -e inject=execve:delay_enter=20000",
      "require('pidfd').spawn({ 'true', uid = math.tointeger(arg[1]) }):wait()",
      run.user())
    assert.matches("execve", trace)
    assert.not_matches("pidfd_send_signal", trace)
  end)

  it("is no reason to have a program go on that stops itself", function()
    local _, output = run.traced(
      "-f -e trace=execve,waitid -e inject=execve:delay_enter=20000"
      .. " -e inject=waitid:delay_enter=60000", [[
      local pidfd = require "pidfd"
      local p = pidfd.spawn { "sh", "-c", "kill -STOP $$; exit 3",
        uid = math.tointeger(arg[1]), pdeathsig = "KILL" }
      print(p:waitid(pidfd.flags.WSTOPPED))
      p:send_signal("CONT")
      print(p:wait())
    ]], run.user())
    assert.matches("^stop\t%d+[^\n]*\nexit\t3\n$", output)
  end)

  it("does not keep the child from telling what failed", function()
    local uid = run.user()
    for number = 3, 40 do
      local message = select(2, pidfd.spawn {
        "/nowhere", uid = uid, fds = { [number] = 0, [number + 1] = 2 },
      })
      assert.equal("spawn: execve /nowhere: No such file or directory", message)
    end
  end)

  it("leaves the child no descriptor that is not named", function()
    local fds = {}
    for number = 3, 40 do
      fds[number] = 2
      local list = spawned.fds { uid = run.user(), fds = fds }
      assert.equal(number, #list)
    end
  end)

  it("does not change ours", function()
    run.need_root()
    spawned.output { "true", uid = 65534, gid = 65534, groups = {} }
    assert.equal("0 0 0 0", own_status("Uid"))
    assert.equal("0 0 0 0", own_status("Gid"))
  end)

  -- The C library would have all threads follow suit, by signals.
  it("is the child's alone in a process with threads", function()
    run.need_root()
    need("luv")
    local trace, output = run.traced("-f -e trace=tgkill", [[
      local pidfd, uv = require "pidfd", require "luv"
      uv.new_thread(function() require("luv").sleep(60000) end)
      pidfd.spawn({
        "sh", "-c", "echo $(id -u) $(id -g)", uid = 65534, gid = 65533,
        groups = {},
      }):wait()
      for path in io.popen("ls -d /proc/$PPID/task/*"):lines() do
        local status = io.open(path .. "/status"):read("a")
        print(status:match("\nUid:%s*(%d+).-\nGid:%s*(%d+)"))
      end
      os.exit(0)
    ]])
    assert.equal("65534 65533\n0\t0\n0\t0\n", output)
    assert.not_matches("tgkill", trace)
  end)

  it("does not make us undumpable", function()
    run.need_root()
    assert.equal("7", run.under("exec setpriv --regid 7 --clear-groups", [[
      local pidfd = require "pidfd"
      pidfd.spawn({ "true", gid = 8 }):wait()
      local environ = ("/proc/%d/environ"):format(pidfd.self():pid())
      io.write(io.popen("stat -c %g " .. environ):read())
    ]]))
  end)

  it("is the one that enters the directory", function()
    run.need_root()
    local _, message, code = pidfd.spawn {
      "true", cwd = "/proc/1/fd", uid = 65534, groups = {},
    }
    assert.equal("EACCES", pidfd.errno[code])
    assert.matches("^spawn: chdir", message)
  end)
end)

describe("the nnp of pidfd.spawn()", function()
  it("takes new privileges from the child, and none from us", function()
    local before = own_status("NoNewPrivs")
    assert_status({ NoNewPrivs = "1" }, { nnp = true })
    assert.equal(before, own_status("NoNewPrivs"))
  end)

  it("is as with us when it is not asked for", function()
    local before = own_status("NoNewPrivs")
    assert_status({ NoNewPrivs = before }, {})
    assert_status({ NoNewPrivs = before }, { nnp = false })
  end)
end)
