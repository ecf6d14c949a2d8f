local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local ensure = require "spec.support.ensure"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local subject = require "spec.support.subject"

local YAMA = "/proc/sys/kernel/yama/ptrace_scope"
local STRANGER = 65534 -- whom run.as_stranger makes of root

-- What is refused: the name of a spec, the call, its name in the message, and
-- the errno.
local CALLS = {
  { "p:getfd()", "p:getfd(0)", "getfd", "EPERM" },
  { "p:namespace()", "p:namespace('net')", "namespace", "EACCES" },
  { "p:proc()", "p:proc('environ')", "proc", "EACCES" },
  { "p:fds()", "p:fds()", "fds", "EACCES" },
  { "p:madvise()", "p:madvise('COLD', {})", "madvise", "EACCES" },
}
local GETFD = CALLS[1]

-- A program that makes a call, its last argument, for a process, whose number
-- is the one before.
local ASK = [[
  local argument = require "spec.programs.argument"
  local pidfd = require "pidfd"
  local p = assert(pidfd.open(math.tointeger(arg[#arg - 1])))
  local function tell(...)
    local result, message, code = ...
    print(select("#", ...), result, pidfd.errno[code], message)
  end
  tell(argument(arg[#arg], { p = p })())
]]

local function asking(call, pid)
  return ASK, pid, call[2]
end

local function ask_as_stranger(call, pid, options)
  return run.as_stranger(ASK, options, pid, call[2])
end

local function scope()
  local file = io.open(YAMA)
  local n = file and file:read("n")
  if file then
    file:close()
  end
  return n
end

-- The text of the refusal, of which nothing but the message may differ.
local function refusal(call, output)
  local message = output:match("^3\tnil\t" .. call[4] .. "\t([^\n]*)\n$")
  assert.is_string(message, output)
  assert.matches("^" .. call[3] .. " %d+[%w/]*: %u", message)
  return message
end

local function assert_explained(word, call, output)
  local message = refusal(call, output)
  local explanation = message:match("^[^:]+: [^()]* %((.+)%)$")
  assert.is_string(explanation, message)
  assert.is_truthy(explanation:find(word, 1, true), explanation)
  return explanation
end

local function assert_unexplained(call, output)
  assert.matches("^[^:]+: [%a ]+$", (refusal(call, output)))
end

-- Options that start a program as the user that run.as_stranger makes of us.
local function as_ours(options)
  if run.is_root() then
    options.uid, options.gid, options.groups = STRANGER, STRANGER, {}
  end
  return options
end

-- Call 'use' with that ptrace_scope of Yama's, which only root can set.
local function with_scope(n, use)
  local before = scope()
  if not before then
    pending("needs Yama")
  end
  local function set(value)
    local file = before ~= n and io.open(YAMA, "w")
    return before == n or file and file:write(value) and file:close()
  end
  if not set(n) then
    pending("Yama's ptrace_scope is " .. before)
  end
  ensure(use, function()
    set(before)
  end)
end

-- A shell command that lets the next program find this in Yama's place.
local function pretend_scope(n)
  return ([[--mount sh -c 'mount -t tmpfs none /proc/sys/kernel &&
    mkdir /proc/sys/kernel/yama && echo %d >%s && exec "$@"' sh]])
    :format(n, YAMA)
end

describe("the explanation", function()
  before_each(function()
    if scope() == 3 then
      pending("Yama lets nobody do anything here")
    end
  end)

  for _, call in ipairs(CALLS) do
    local name = call[1]

    it("tells that it is another user's process, for " .. name, function()
      local output = ask_as_stranger(call, child.self())
      assert_explained("of user 0, and this process of user " .. STRANGER,
        call, output)
    end)

    it("tells the one of its users that is another, for " .. name,
      function()
        run.need_root()
        child.ready({ "setpriv", "--ruid=65533", "--euid=65534",
          "--rgid=65534", "--egid=65534", "--clear-groups", "sh", "-p", "-c",
          "echo; kill -STOP $$" }, function(p)
          assert_explained("of user 65533, and this process of user 65534",
            call, ask_as_stranger(call, p:pid()))
        end)
      end)

    it("tells the one that it may become again, for " .. name, function()
      run.need_root()
      subject.with({ "saving", tostring(STRANGER), groups = {} }, function(p)
        assert_explained("of user 0, and this process of user " .. STRANGER,
          call, ask_as_stranger(call, p:pid()))
      end)
    end)

    -- To attach it takes the real one, to read the effective one.
    it("tells the one of ours that counts, for " .. name, function()
      run.need_root()
      if os.getenv("LD_PRELOAD") then
        pending("who is two users has nothing preloaded")
      end
      if not kernel.at_least(5, 14) then
        pending("who is two users cannot read its own fdinfo before Linux 5.14")
      end
      local theirs, ours = 65533, 65534
      if call == GETFD then
        theirs, ours = ours, theirs
      end
      child.stopped({ uid = theirs, gid = STRANGER, groups = {} }, function(p)
        local words = "of user %d, and this process of user %d"
        assert_explained(words:format(theirs, ours), call,
          ask_as_stranger(call, p:pid(), "--ruid=65533 --euid=65534"))
      end)
    end)

    it("tells that it is another group's process, for " .. name, function()
      run.need_root()
      child.stopped({ uid = STRANGER, gid = 65533, groups = {} }, function(p)
        local explanation = assert_explained("of group 65533", call,
          ask_as_stranger(call, p:pid()))
        assert.is_nil(explanation:find("user", 1, true))
      end)
    end)

    it("tells that it is not dumpable, for " .. name, function()
      subject.with(as_ours { "undumpable" }, function(p)
        local explanation = assert_explained("not dumpable", call,
          ask_as_stranger(call, p:pid()))
        assert.is_nil(explanation:find("of user", 1, true))
      end)
    end)

    it("tells the same of one that has dropped its powers, for " .. name,
      function()
        run.need_root()
        subject.with({ "dropped", tostring(STRANGER), groups = {} },
          function(p)
            assert_explained("not dumpable", call,
              ask_as_stranger(call, p:pid()))
          end)
      end)

    it("is missing where CAP_SYS_PTRACE did not help, for " .. name,
      function()
        child.stopped({}, function(p)
          assert_unexplained(call, run.unshared("", asking(call, p:pid())))
        end)
      end)

    it("is missing where the reason cannot be seen, for " .. name,
      function()
        run.need_root()
        if call == GETFD and (scope() or 0) > 0 then
          pending("Yama is in the way")
        end
        child.stopped({}, function(p)
          assert_unexplained(call, run.under(
            "exec setpriv --bounding-set=-sys_ptrace,-perfmon,-sys_admin",
            asking(call, p:pid())))
        end)
      end)

    it("leaves no descriptor, for " .. name, function()
      local output = run.as_stranger([[
        local argument = require "spec.programs.argument"
        local pidfd = require "pidfd"
        local p = assert(pidfd.open(math.tointeger(arg[1])))
        local self = assert(pidfd.self())
        local function count()
          local n = 0
          for _ in pairs(self:fds()) do
            n = n + 1
          end
          return n
        end
        local call = argument(arg[2], { p = p })
        local before = count()
        for _ = 1, 64 do
          assert(not call())
        end
        collectgarbage()
        print(count() - before)
      ]], nil, call[2])
      assert.equal("0\n", output)
    end)
  end

  -- Whose memory is gone: its files in /proc are root's, as if it were not
  -- dumpable.
  it("is missing for a process that is over", function()
    local program = [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.spawn { "true" })
      p:poll()
      print(p:proc("environ"))
    ]]
    local output = run.is_root() and run.as_stranger(program)
      or script.run(program)
    assert.is_string(output:match("^(nil\tproc %d+/environ: [%a ]+\t%d+\n)$")
      or output:match("^(\n)$")) -- before Linux 6.16
  end)

  it("is missing where there is no descriptor to look for it", function()
    local output = run.as_stranger [[
      local pidfd = require "pidfd"
      local number = math.tointeger(arg[1])
      local kept = {}
      repeat
        local file = io.open("/dev/null")
        table.insert(kept, file)
      until not file
      kept[#kept]:close() -- becomes the pidfd
      local p = assert(pidfd.open(number))
      local result, message, code = p:getfd(0)
      print(3, result, pidfd.errno[code], message)
      os.exit(0, true)
    ]]
    assert_unexplained(GETFD, output)
  end)

  it("is missing for other failures", function()
    local self = assert(pidfd.self())
    local _, message = self:getfd(1000000)
    assert.matches("^getfd %d+/fd/1000000: [%a ]+$", message)
    local _, other = self:proc("nonesuch")
    assert.matches("^proc %d+/nonesuch: [%a ]+$", other)
    self:close()
  end)

  it("tells of a seccomp filter", function()
    local filter = compiled.need_program("filter")
    child.stopped({}, function(p)
      local output = run.under(filter .. " 1 pidfd_getfd --",
        asking(GETFD, p:pid()))
      if output == "" then
        pending("needs seccomp filters")
      end
      assert_explained("seccomp", GETFD, output)
    end)
  end)

  for n, word in ipairs { "descendants", "CAP_SYS_PTRACE" } do
    it(("tells that Yama's ptrace_scope is %d"):format(n), function()
      with_scope(n, function()
        child.stopped(as_ours {}, function(p)
          local output = ask_as_stranger(GETFD, p:pid())
          assert_explained("ptrace_scope is " .. n, GETFD, output)
          assert_explained(word, GETFD, output)
        end)
      end)
    end)
  end

  -- Once it is 3 it stays so until the system ends: this only pretends.
  it("tells that Yama's ptrace_scope is 3, to everybody", function()
    child.stopped({}, function(p)
      assert_explained("ptrace_scope is 3", GETFD,
        run.unshared(pretend_scope(3), asking(GETFD, p:pid())))
    end)
  end)

  it("does not tell of Yama to who has CAP_SYS_PTRACE", function()
    child.stopped({}, function(p)
      assert_unexplained(GETFD,
        run.unshared(pretend_scope(1), asking(GETFD, p:pid())))
    end)
  end)

  it("does not tell of Yama where nothing is attached to", function()
    child.stopped({}, function(p)
      assert_unexplained(CALLS[2],
        run.unshared(pretend_scope(3), asking(CALLS[2], p:pid())))
    end)
  end)
end)
