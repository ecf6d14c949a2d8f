local kernel = require "spec.support.kernel"
local run = require "spec.support.run"

-- In a pid namespace of one's own the kernel can be made to hand out a number
-- again: 'old' and 'new' are pidfds of two children that had, and have, it.
local REUSE = [[
  local pidfd = require "pidfd"

  local function start(command)
    local file = assert(io.popen("echo $$; " .. command))
    local pid = file:read("n")
    return pid, file, assert(pidfd.open(pid))
  end

  local function set_last_pid(pid)
    local file = io.open("/proc/sys/kernel/ns_last_pid", "w")
    if not file or not file:write(pid) or not file:close() then
      print("impossible")
      os.exit(0)
    end
  end

  local pid, file, old = start("exec sleep 60 >&-")
  old:send_signal("TERM")
  file:close()
  set_last_pid(pid - 1)
  local again, other, new = start("exec 7</dev/null; exec sleep 60 >&-")
  assert(again == pid, "the number has not been handed out again")

  local function errno(_, _, code)
    return code and pidfd.errno[code]
  end
]]

local UNSHARE = "--pid --fork --mount-proc"

-- Returns what the program printed after that.
local function reuse(program)
  local output = run.unshared(UNSHARE, REUSE .. program .. [[
    new:send_signal("KILL")
  ]])
  if not output then
    pending("needs namespaces of its own")
  elseif output == "impossible\n" then
    pending("needs ns_last_pid")
  end
  return output
end

describe("a pid that is handed out again", function()
  it("is not signalled through the old process's pidfd", function()
    assert.equal("ESRCH\nESRCH\nfalse\n", reuse [[
      print(errno(old:send_signal(0)))
      print(errno(old:send_signal("KILL")))
      print(new:poll(0.02))
    ]])
  end)

  it("is not terminated through the old process's pidfd", function()
    local output = reuse [[
      print(old:terminate(0))
      print(new:poll(0.02))
    ]]
    assert.matches("\nfalse\n$", output)
  end)

  it("is not waited for through the old process's pidfd", function()
    local told = kernel.at_least(6, 15) and "signal\t15" or "unknown\tnil"
    assert.equal(told .. "\nETIMEDOUT\nECHILD\ntrue\n", reuse [[
      print(old:wait())
      print(errno(new:wait(0)))
      print(errno(old:waitid(pidfd.flags.WEXITED)))
      print(old:poll(0))
    ]])
  end)

  it("is not reaped through the old process's pidfd", function()
    local output = reuse [[
      new:send_signal("KILL")
      new:poll()
      old:wait()
      print(new:wait())
    ]]
    assert.equal("signal\t9\n", output)
  end)

  it("is not looked into through the old process's pidfd", function()
    assert.equal("ESRCH\nESRCH\n/dev/null\n", reuse [[
      print(errno(old:fds()))
      print(errno(old:getfd(7)))
      repeat until new:fds()[7]
      print(new:fds()[7])
    ]])
  end)

  it("is not the old process's any more", function()
    assert.equal("ESRCH\ntrue\ntrue\n", reuse [[
      print(errno(old:pid()))
      print(new:pid() == pid)
      print(tostring(old):match("reaped") ~= nil
        and tostring(new):match("pid " .. pid) ~= nil)
    ]])
  end)

  it("does not make the two equal", function()
    assert.equal("false\ttrue\n", reuse [[
      print(old == new, not old:id() or old:id() ~= new:id())
    ]])
  end)

  it("is not told of by the old process's information", function()
    if not kernel.at_least(6, 15) then
      pending("PIDFD_INFO_EXIT (Linux 6.15)")
    end
    assert.equal("nil\t15\tnil\n", reuse [[
      print(old:info().pid, old:info().exit.code, new:info().exit)
    ]])
  end)
end)
