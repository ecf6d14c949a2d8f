local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local directory = require "spec.support.directory"
local elsewhere = require "spec.support.elsewhere"
local ensure = require "spec.support.ensure"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local intercepted = require "spec.support.intercepted"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local reused = require "spec.support.reused"
local run = require "spec.support.run"
local state = require "spec.support.state"
local subject = require "spec.support.subject"
local threads = require "spec.support.threads"

-- The numbers of those in a list, in order, set apart by spaces.
local function numbers(list)
  local found = {}
  for _, p in ipairs(list) do
    assert.equal("pidfd", pidfd.type(p))
    assert.is_true(fds.has(p:fileno(), "CLOEXEC"))
    table.insert(found, p:pid())
    p:close()
  end
  table.sort(found)
  return table.concat(found, " ")
end

-- A shell that runs such a command, which tells the numbers of its children in
-- a line; 'use' gets it, and that line. They end with it.
local function with_family(command, use)
  child.ready({ "sh", "-c", "exec 2>/dev/null; " .. command },
    function(p, said)
      local family = {}
      for number in said:gmatch("%d+") do
        table.insert(family, (assert(pidfd.open(math.tointeger(number)))))
      end
      ensure(use, function()
        for _, q in ipairs(family) do
          q:send_signal("KILL")
          q:close()
        end
      end, p, said)
    end)
end

local TWO = "sleep 60 >&- & a=$!; sleep 60 >&- & echo $a $!; wait"

local function first_limit(pattern)
  local limits = read("/proc/self/limits")
  return tonumber(limits:match(pattern .. "%s+(%d+)")) or math.huge
end

describe("p:children()", function()
  it("returns pidfds of the children", function()
    with_family(TWO, function(p, said)
      local list = assert(p:children())
      assert.equal(2, #list)
      assert.equal(said, numbers(list))
    end)
  end)

  it("returns those of this process", function()
    child.with(function(_, pid)
      local p = assert(pidfd.self())
      assert.matches("%f[%d]" .. pid .. "%f[%D]", numbers(p:children()))
      p:close()
    end)
  end)

  it("returns nobody for a process that has none", function()
    child.with(function(p)
      assert.same({}, p:children())
    end)
  end)

  it("does not return children's children", function()
    with_family("sh -c 'sleep 60 >&- & echo $$ $!; wait' & wait",
      function(p, said)
        assert.equal(said:match("%d+"), numbers(p:children()))
      end)
  end)

  it("does not return those that another process has adopted", function()
    -- The shell has waited for the parent when it goes on.
    with_family("orphan=$(sleep 60 >&- & echo $!); echo $orphan; exec sleep 60",
      function(p, orphan)
        assert.is_truthy(state.of(orphan))
        assert.same({}, p:children())
      end)
  end)

  it("returns zombies", function()
    -- It ends once the shell, which might reap it, has become another program.
    with_family("(until grep -qx sleep /proc/$$/comm; do :; done) >&- & "
      .. "echo $!; exec sleep 60", function(p, said)
      state.await(said, "Z")
      local list = assert(p:children())
      assert.is_true(list[1]:poll(0))
      assert.equal(said, numbers(list))
    end)
  end)

  it("returns those that any thread has started", function()
    threads.with("", function(process)
      process.tell("fork")
      assert.equal(process.hear(), numbers(process.p:children()))
    end)
  end)

  it("returns those of a process whose first thread has ended", function()
    threads.with("leaderless", function(process)
      state.await(process.pid, "Z")
      process.tell("fork")
      assert.equal(process.hear(), numbers(process.p:children()))
    end)
  end)

  it("returns those of the process of a thread", function()
    kernel.need(6, 9, "pidfds of threads")
    threads.with("", function(process, tid)
      process.tell("fork")
      local forked = process.hear()
      local thread = assert(pidfd.open(tid, pidfd.flags.THREAD))
      assert.equal(forked, numbers(thread:children()))
      thread:close()
    end)
  end)

  it("returns thousands", function()
    local n = math.min(2000, first_limit("Max open files") - 100,
      math.floor(first_limit("Max processes") / 2),
      math.floor(tonumber(read("/proc/meminfo"):match("%d+")) / 1024))
    subject.with({ "children", tostring(n) }, function(p)
      local list = assert(p:children())
      assert.equal(n, #list)
      local seen = {}
      for _, q in ipairs(list) do
        assert.is_nil(seen[q:pid()])
        seen[q:pid()] = true
        q:close()
      end
    end)
  end)

  local COMING = "sleep 60 >&- & echo $!; while :; do "
    .. "true & true & true & wait $!; done"

  -- Says "yes" if one child of that process was in the list each time.
  local STAYS = [[
    local pidfd = require "pidfd"
    local p = assert(pidfd.open(math.tointeger(arg[1])))
    local stays = math.tointeger(arg[2])
    local missed = 0
    for _ = 1, 300 do
      local found = false
      for _, q in ipairs(assert(p:children())) do
        found = found or q:pid() == stays
        q:close()
      end
      missed = missed + (found and 0 or 1)
    end
    print(missed == 0 and "yes" or missed)
  ]]

  it("returns who stays while others come and go", function()
    with_family(COMING, function(p, said)
      assert.equal("yes\n", run.under("exec", STAYS, p:pid(), said))
    end)
  end)

  it("returns who stays, also as before Linux 6.13", function()
    local refusing = run.refusing("ioctl", "ENOTTY")
    with_family(COMING, function(p, said)
      assert.equal("yes\n",
        run.under("exec " .. refusing, STAYS, p:pid(), said))
    end)
  end)

  it("finds them where the kernel was built without their list", function()
    with_family(TWO, function(p, said)
      local output = intercepted.run("HIDE=children", [[
        local pidfd = require "pidfd"
        local p = assert(pidfd.open(math.tointeger(arg[1])))
        for _, q in ipairs(assert(p:children())) do
          print(q:pid())
        end
        print(#assert(pidfd.self():children()))
      ]], p:pid())
      assert.equal(said:gsub(" ", "\n") .. "\n0\n", output)
    end)
  end)

  -- The numbers of the children of that process, set apart by spaces, or why
  -- they cannot be told.
  local function intercepted_list(settings, p)
    return intercepted.run(settings, [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.open(math.tointeger(arg[1])))
      local list, _, code = p:children()
      local said = {}
      for _, q in ipairs(list or {}) do
        table.insert(said, q:pid())
      end
      print(list and table.concat(said, " ") or pidfd.errno[code])
    ]], p:pid())
  end

  -- Such a process may be a child: its pidfd tells.
  for _, errno in ipairs { "EACCES", "EPERM" } do
    it("finds one whose directory in /proc says " .. errno, function()
      with_family(TWO, function(p, said)
        local settings = ("HIDE=children REFUSE=%s/stat:%d"):format(
          said:match("^%d+"), pidfd.errno[errno])
        assert.equal(said .. "\n", intercepted_list(settings, p))
      end)
    end)
  end

  it("fails where the file of a process or of a thread cannot be read",
    function()
      with_family(TWO, function(p, said)
        for _, number in ipairs { said:match("^%d+"), p:pid() } do
          local settings = ("HIDE=children REFUSE=%s/stat:%d"):format(
            number, pidfd.errno.EIO)
          assert.equal("EIO\n", intercepted_list(settings, p))
        end
      end)
    end)

  it("takes a list with other blanks, and without one at its end", function()
    with_family(TWO, function(p, said)
      directory.with(function(where)
        local file = assert(io.open(where .. "/list", "w"))
        file:write(" ", (said:gsub(" ", "  ")))
        file:close()
        assert.equal(said .. "\n",
          intercepted_list("SHOW=children:" .. where .. "/list", p))
      end)
    end)
  end)

  it("fails with EIO where the list is no kernel's", function()
    directory.with(function(where)
      local file = assert(io.open(where .. "/list", "w"))
      file:write("1 99999999999999999999\n")
      file:close()
      local settings = "SHOW=children:" .. where .. "/list"
      assert.equal("EIO\n", intercepted.run(settings, [[
        local pidfd = require "pidfd"
        print(pidfd.errno[select(3, pidfd.self():children())])
      ]]))
    end)
  end)

  -- Before Linux 6.13 the kernel says that it does not know the question.
  it("returns them where a filter answers 0 in place of the kernel", function()
    assert.equal("true\n", run.under(run.refusing("ioctl", 0), [[
      io.stdout:setvbuf("full") -- or musl asks for a terminal
      local pidfd = require "pidfd"
      local child = pidfd.spawn { "sleep", "60", pdeathsig = "KILL" }
      local children = pidfd.self():children()
      local grandchildren = child:children()
      print(#children == 1 and children[1]:pid() == child:pid() and
        #grandchildren == 0)
      child:send_signal("KILL")
      os.exit(true)
    ]]))
  end)

  it("fails with ESRCH for a zombie, and for one that was reaped", function()
    child.with_zombie(function(p)
      fails("children", "ESRCH", p:children())
    end)
    child.with_reaped(function(p)
      fails("children", "ESRCH", p:children())
    end)
  end)

  it("fails with ESRCH where another process has the number", function()
    local output = reused.run [[
      local reused = require "spec.programs.reused"
      local errno, start, replace = reused.errno, reused.start, reused.replace
      local old = start()
      local new = replace(old)
      print(#new:children(), errno(old:children()))
    ]]
    assert.equal("0\tESRCH\n", output)
  end)

  -- 'mother' has a child, whose number is another's when it is to be opened.
  it("does not return another process that has a child's number", function()
    local caller = intercepted.command(
      "PAUSE=" .. intercepted.PIDFD_OPEN, [[
        local pidfd = require "pidfd"
        local p = assert(pidfd.adopt(3))
        print(#assert(p:children()))
      ]])
    local output = reused.run([[
      local pidfd = require "pidfd"
      local reused = require "spec.programs.reused"
      local start = reused.start
      local mother, pipes = assert(pidfd.spawn { "sh", "-c",
        "sleep 60 >&- & echo $!; wait; echo over; exec sleep 60",
        stdout = "pipe", stderr = "null" })
      local file = pipes.stdout:file()
      local number = math.tointeger(tonumber(file:read()))
      local caller, answer = assert(pidfd.spawn { "sh", "-c", arg[1],
        fds = { [3] = mother }, stdout = "pipe" })
      assert(caller:waitid(pidfd.flags.WSTOPPED))
      local child = assert(pidfd.open(number))
      child:send_signal("KILL")
      assert(file:read() == "over")
      local _, status = start(arg[2], tostring(number)):wait()
      if status ~= 0 then
        print("impossible")
        os.exit(0)
      end
      local stranger = assert(pidfd.open(number))
      repeat until stranger:proc("comm") == "sleep\n"
      caller:send_signal("CONT")
      print(answer.stdout:file():read())
    ]], caller, compiled.program("reborn"))
    assert.equal("0\n", output)
  end)

  it("fails with EREMOTE for one outside of the pid namespace", function()
    assert.equal("EREMOTE", (elsewhere.outside "p:children()"))
  end)

  it("fails with EREMOTE where /proc is another namespace's", function()
    local output = run.unshared("--pid --fork", [[
      local pidfd = require "pidfd"
      print(pidfd.errno[select(3, assert(pidfd.self()):children())])
    ]])
    assert.equal("EREMOTE\n", output)
  end)

  it("fails where /proc is hidden", function()
    assert.matches("^E%u+$", (elsewhere.without_proc "p:children()"))
  end)

  it("returns those of another user's process", function()
    local output
    child.with(function()
      output = run.as_stranger [[
        local pidfd = require "pidfd"
        local p = assert(pidfd.open(math.tointeger(arg[1])))
        print(#assert(p:children()) > 0)
      ]]
    end)
    assert.equal("true\n", output)
  end)

  it("fails with EMFILE midway, and keeps none", function()
    subject.with({ "children", "40" }, function(p)
      local output = run.with_descriptors(24, [[
        local pidfd = require "pidfd"
        local p = assert(pidfd.open(math.tointeger(arg[1])))
        collectgarbage("stop")
        for _ = 1, 3 do
          print(pidfd.errno[select(3, p:children())])
        end
        local n = 0
        for _ in pairs(assert(pidfd.self():fds())) do
          n = n + 1
        end
        print(n)
      ]], p:pid())
      -- The three standard ones, both pidfds, and the directory that is read.
      assert.matches("^EMFILE\nEMFILE\nEMFILE\n[678]\n$", output)
    end)
  end)

  it("lets the collector look for descriptors", function()
    subject.with({ "children", "10" }, function(p)
      local output = run.with_descriptors(24, [[
        local pidfd = require "pidfd"
        local p = assert(pidfd.open(math.tointeger(arg[1])))
        collectgarbage("stop")
        for _ = 1, 20 do
          print(#assert(p:children()))
        end
      ]], p:pid())
      assert.equal(("10\n"):rep(20), output)
    end)
  end)

  it("makes no descriptor that stays", function()
    with_family(TWO, function(p)
      assert.equal(0, fds.leaked(function()
        assert(p:children())
      end))
    end)
    child.with_zombie(function(p)
      assert.equal(0, fds.leaked(function()
        fails("children", "ESRCH", p:children())
      end))
    end)
  end)
end)
