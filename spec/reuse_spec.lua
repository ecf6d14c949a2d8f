local compiled = require "spec.support.compiled"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local reused = require "spec.support.reused"
local script = require "spec.support.script"

-- A shell command that runs the program, and stops before it opens a file
-- below /proc/PID.
local function pausing(program, ...)
  if compiled.is_foreign() or not compiled.module("pause") then
    pending("needs a C compiler")
  end
  local pause = package.searchpath("pause", package.cpath)
  return ("LD_PRELOAD=%s:%s exec %s"):format(os.getenv("LD_PRELOAD") or "",
    pause, script.command(program, ...))
end

describe("a pid that is handed out again", function()
  it("is not signalled through the old process's pidfd", function()
    assert.equal("ESRCH\nESRCH\nfalse\n", reused.run [[
      local reused = require "spec.programs.reused"
      local errno = reused.errno
      local old = reused.start()
      local new = reused.replace(old)
      print(errno(old:send_signal(0)))
      print(errno(old:send_signal("KILL")))
      print(new:poll(0.02))
    ]])
  end)

  it("is not terminated through the old process's pidfd", function()
    local output = reused.run [[
      local reused = require "spec.programs.reused"
      local old = reused.start()
      local new = reused.replace(old)
      print(old:terminate(0))
      print(new:poll(0.02))
    ]]
    assert.matches("\nfalse\n$", output)
  end)

  it("is not waited for through the old process's pidfd", function()
    local told = kernel.at_least(6, 15) and "signal\t15" or "unknown\tnil"
    assert.equal(told .. "\nETIMEDOUT\nECHILD\ntrue\n", reused.run [[
      local pidfd = require "pidfd"
      local reused = require "spec.programs.reused"
      local errno = reused.errno
      local old = reused.start()
      local new = reused.replace(old)
      print(old:wait())
      print(errno(new:wait(0)))
      print(errno(old:waitid(pidfd.flags.WEXITED)))
      print(old:poll(0))
    ]])
  end)

  it("is not reaped through the old process's pidfd", function()
    local output = reused.run [[
      local reused = require "spec.programs.reused"
      local old = reused.start()
      local new = reused.replace(old)
      new:send_signal("KILL")
      new:poll()
      old:wait()
      print(new:wait())
    ]]
    assert.equal("signal\t9\n", output)
  end)

  it("is not looked into through the old process's pidfd", function()
    assert.equal("ESRCH\nESRCH\n/dev/null\n", reused.run [[
      local reused = require "spec.programs.reused"
      local errno = reused.errno
      local old = reused.start()
      local new = reused.replace(old)
      print(errno(old:fds()))
      print(errno(old:getfd(7)))
      print(new:fds()[7])
    ]])
  end)

  it("is not the old process's any more", function()
    assert.equal("ESRCH\ntrue\ntrue\n", reused.run [[
      local reused = require "spec.programs.reused"
      local errno = reused.errno
      local old = reused.start()
      local pid = old:pid()
      local new = reused.replace(old)
      print(errno(old:pid()))
      print(new:pid() == pid)
      print(tostring(old):match("reaped") ~= nil
        and tostring(new):match("pid " .. pid) ~= nil)
    ]])
  end)

  it("does not make the two equal", function()
    assert.equal("false\ttrue\n", reused.run [[
      local reused = require "spec.programs.reused"
      local old = reused.start()
      local new = reused.replace(old)
      print(old == new, not old:id() or old:id() ~= new:id())
    ]])
  end)

  it("is not told of by the old process's information", function()
    kernel.need(6, 15, "PIDFD_INFO_EXIT")
    assert.equal("nil\t15\tnil\n", reused.run [[
      local reused = require "spec.programs.reused"
      local old = reused.start()
      local new = reused.replace(old)
      print(old:info().pid, old:info().exit.code, new:info().exit)
    ]])
  end)
end)

describe("a pid that is handed out again meanwhile", function()
  -- The results of a call of 'p', which is stopped before it looks into /proc;
  -- and a file of the new process below /proc, if that is wanted.
  local function results(call, file)
    local caller = pausing([[
      local argument = require "spec.programs.argument"
      local pidfd = require "pidfd"
      local p = assert(pidfd.adopt(3))
      local result, detail, code = argument(arg[1], { p = p })()
      print(result, pidfd.errno[code] or detail)
    ]], call)
    return reused.run([[
      local pidfd = require "pidfd"
      local reused = require "spec.programs.reused"
      local old = reused.start()
      old:send_signal("KILL")
      old:poll()
      local caller, pipes = assert(pidfd.spawn { "sh", "-c", arg[1],
        fds = { [3] = old }, stdout = "pipe" })
      assert(caller:waitid(pidfd.flags.WSTOPPED))
      local new = reused.replace(old)
      caller:send_signal("CONT")
      print(pipes.stdout:file():read())
      if arg[2] then
        io.write(new:proc(arg[2]))
      end
    ]], caller, file)
  end

  for _, call in ipairs { "p:proc('comm')", "p:fds()", "p:link('exe')",
    "p:list('task')", "p:children()" } do
    it("is not looked into by " .. call, function()
      assert.equal("nil\tESRCH\n", results(call))
    end)
  end

  it("is not written to by p:proc()", function()
    local p = assert(pidfd.self())
    local before = p:proc("oom_score_adj")
    p:close()
    assert.equal("nil\tESRCH\n" .. before,
      results("p:proc('oom_score_adj', '321')", "oom_score_adj"))
  end)

  it("is not looked into by p:namespace('net')", function()
    kernel.need_before(6, 11)
    assert.equal("nil\tESRCH\n", results("p:namespace('net')"))
  end)

  it("is not taken for the process that is waited for", function()
    local told = kernel.at_least(6, 15) and "signal\t9\n" or "unknown\tnil\n"
    assert.equal(told, results("p:wait(60)"))
  end)
end)
