local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local reused = require "spec.support.reused"
local run = require "spec.support.run"
local scarce = require "spec.support.scarce"
local script = require "spec.support.script"
local subject = require "spec.support.subject"

local function need_pidfs()
  if not kernel.at_least(6, 9) then
    pending("pidfds with an inode of their own (Linux 6.9)")
  end
end

local function errno(result, _, code)
  return result == nil and pidfd.errno[code]
end

local function boot_id()
  local file = assert(io.open("/proc/sys/kernel/random/boot_id"))
  local id = file:read()
  file:close()
  return id
end

-- A token in which these fields are others.
local function token_with(p, fields)
  return ("%s:%s:%s:%s:%s"):format(fields.version or 1,
    fields.kind or "process", fields.pid or p:pid(), fields.id or p:id(),
    fields.boot or boot_id())
end

teardown(compiled.remove)

describe("pidfd.from_token()", function()
  it("returns a pidfd for the same process", function()
    need_pidfs()
    child.with(function(p, pid)
      local q = assert(pidfd.from_token(p:token()))
      assert.equal("pidfd", pidfd.type(q))
      assert.is_true(p == q)
      assert.equal(pid, q:pid())
      assert.is_true(fds.has(q:fileno(), "CLOEXEC"))
      q:close()
    end)
  end)

  it("finds it in another program", function()
    need_pidfs()
    child.with(function(p, pid)
      local output = script.run([[
        local pidfd = require "pidfd"
        local p = assert(pidfd.from_token(arg[1]))
        print(p:pid(), p:id(), p:token() == arg[1])
      ]], p:token())
      assert.equal(("%d\t%d\ttrue\n"):format(pid, p:id()), output)
    end)
  end)

  it("finds what a program has left behind when it ended", function()
    need_pidfs()
    local token = script.run [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.spawn { "sleep", "60", stdout = "null",
        stderr = "null" })
      io.write(p:token())
    ]]
    local p = assert(pidfd.from_token(token))
    assert.is_false(p:poll(0))
    assert.is_true(p:send_signal("KILL"))
    assert.is_true(p:poll(60))
    p:close()
  end)

  it("returns a zombie", function()
    need_pidfs()
    child.with_zombie(function(p)
      local q = assert(pidfd.from_token(p:token()))
      assert.is_true(p == q)
      q:close()
    end)
  end)

  it("fails with ESRCH for a process that was reaped", function()
    need_pidfs()
    local token
    child.with(function(p)
      token = assert(p:token())
    end)
    fails("from_token", "ESRCH", pidfd.from_token(token))
  end)

  it("fails with ESRCH where another process has the number", function()
    need_pidfs()
    local output = reused.run [[
      local pidfd = require "pidfd"
      local reused = require "spec.programs.reused"
      local errno, start, replace = reused.errno, reused.start, reused.replace
      local old = start()
      local token = old:token()
      local new = replace(old)
      print(errno(pidfd.from_token(token)))
      print(pidfd.from_token(new:token()) == new)
    ]]
    assert.equal("ESRCH\ntrue\n", output)
  end)

  it("fails with ESRCH after another start of the system", function()
    need_pidfs()
    local p = assert(pidfd.self())
    local boot = boot_id():gsub("^%x", function(digit)
      return digit == "0" and "1" or "0"
    end)
    fails("from_token", "ESRCH",
      pidfd.from_token(token_with(p, { boot = boot })))
    p:close()
  end)

  it("fails with ESRCH where the number is a thread's by now", function()
    need_pidfs()
    subject.with({ "thread" }, function(p, thread)
      fails("from_token", "ESRCH",
        pidfd.from_token(token_with(p, { pid = thread })))
    end)
  end)

  it("returns the thread of a thread's token", function()
    need_pidfs()
    subject.with({ "thread" }, function(p, said)
      local flags = pidfd.flags.THREAD
      local thread = assert(pidfd.open(math.tointeger(said), flags))
      local token = assert(thread:token())
      assert.matches("^1:thread:" .. said .. ":", token)
      local q = assert(pidfd.from_token(token))
      assert.is_true(q == thread)
      assert.is_false(q == p)
      assert.equal(token, q:token())
      p:send_signal("KILL")
      p:wait()
      fails("from_token", "ESRCH", pidfd.from_token(token))
      q:close()
      thread:close()
    end)
  end)

  -- Each of these is a token to a careless reader.
  local function misspelt(p)
    local pid, id = p:pid(), p:id()
    return {
      ["nothing"] = "",
      ["a number"] = tostring(pid),
      ["another version"] = token_with(p, { version = 2 }),
      ["a version with a zero"] = token_with(p, { version = "01" }),
      ["no version"] = token_with(p, {}):sub(3),
      ["another kind"] = token_with(p, { kind = "group" }),
      ["no kind"] = token_with(p, { kind = "" }),
      ["a kind in capitals"] = token_with(p, { kind = "PROCESS" }),
      ["pid 0"] = token_with(p, { pid = 0 }),
      ["a negative pid"] = token_with(p, { pid = -pid }),
      ["a pid with a sign"] = token_with(p, { pid = "+" .. pid }),
      ["a pid with a space"] = token_with(p, { pid = " " .. pid }),
      ["a pid with a zero"] = token_with(p, { pid = "0" .. pid }),
      ["a hexadecimal pid"] = token_with(p, { pid = ("0x%x"):format(pid) }),
      ["a pid 2^32 too much"] = token_with(p, { pid = pid + 4294967296 }),
      ["a huge pid"] = token_with(p, { pid = ("9"):rep(40) }),
      ["no pid"] = token_with(p, { pid = "" }),
      ["id 0"] = token_with(p, { id = 0 }),
      ["an id with a zero"] = token_with(p, { id = "0" .. id }),
      ["a huge id"] = token_with(p, { id = ("9"):rep(40) }),
      ["a negative id"] = token_with(p, { id = -id }),
      ["no id"] = token_with(p, { id = "" }),
      ["no boot"] = token_with(p, { boot = "" }),
      ["a boot in capitals"] = token_with(p, { boot = ("A"):rep(36) }),
      ["a boot of zeros"] = token_with(p, { boot = ("\0"):rep(36) }),
      ["a longer boot"] = token_with(p, { boot = boot_id() .. "0" }),
      ["a space in front"] = " " .. token_with(p, {}),
      ["a newline behind"] = token_with(p, {}) .. "\n",
      ["a zero behind"] = token_with(p, {}) .. "\0",
      ["one more field"] = token_with(p, {}) .. ":",
      ["itself behind"] = token_with(p, {}):rep(2),
    }
  end

  it("fails with EINVAL for what is no token", function()
    need_pidfs()
    local p = assert(pidfd.self())
    for name, token in pairs(misspelt(p)) do
      assert.equal("EINVAL", errno(pidfd.from_token(token)), name)
    end
    p:close()
  end)

  -- Call 'use' with each string that differs from 'token' in one character.
  local function each_mangled(token, use)
    local others = "0123456789abcdefoprst:-+ xAF\n\0\127\255"
    for at = 1, #token + 1 do
      local before, after = token:sub(1, at - 1), token:sub(at + 1)
      use(before)
      use(before .. after)
      for other in others:gmatch(".") do
        use(before .. other .. after)
        use(before .. other .. token:sub(at))
      end
    end
  end

  it("never takes a mangled token", function()
    need_pidfs()
    child.with(function(p)
      local token = assert(p:token())
      local outcomes = {}
      collectgarbage()
      local before = fds.count()
      each_mangled(token, function(mangled)
        if mangled ~= token then
          outcomes[errno(pidfd.from_token(mangled))] = mangled
        end
      end)
      assert.equal(before, fds.count())
      assert.is_string(outcomes.EINVAL)
      assert.is_string(outcomes.ESRCH)
      outcomes.EINVAL, outcomes.ESRCH = nil, nil
      assert.same({}, outcomes)
    end)
  end)

  it("fails with EOPNOTSUPP before Linux 6.9", function()
    if kernel.at_least(6, 9) then
      pending("this kernel has it (since Linux 6.9)")
    end
    local token = token_with(nil, { pid = child.self(), id = 1 })
    fails("from_token", "EOPNOTSUPP", pidfd.from_token(token))
  end)

  it("fails with ENOENT where /proc is hidden", function()
    need_pidfs()
    local p = assert(pidfd.self())
    local output = run.unshared(run.without_proc, [[
      local pidfd = require "pidfd"
      print(pidfd.errno[select(3, pidfd.from_token(arg[1]))])
    ]], p:token())
    p:close()
    if not output then
      pending("needs namespaces of its own")
    end
    assert.equal("ENOENT\n", output)
  end)

  it("raises for what is no string", function()
    for _, value in ipairs { 1, 0.5, true, {}, print, io.stdout } do
      assert.error_matches(function() pidfd.from_token(value) end,
        "bad argument #1")
    end
    assert.error_matches(function() pidfd.from_token() end,
      "bad argument #1")
  end)

  it("gives its descriptors back when the collector comes", function()
    need_pidfs()
    local p = assert(pidfd.self())
    local token = p:token()
    assert.equal(0, fds.leaked(function()
      assert(pidfd.from_token(token))
    end))
    p:close()
  end)

  it("makes no descriptor when it fails", function()
    need_pidfs()
    local p = assert(pidfd.self())
    local token = token_with(p, { id = p:id() + 1 })
    assert.equal(0, fds.leaked(function()
      fails("from_token", "ESRCH", pidfd.from_token(token))
    end))
    p:close()
  end)

  it("lets the collector look for a descriptor", function()
    need_pidfs()
    local prepare = "local token = pidfd.self():token()"
    local call = "pidfd.from_token(token)"
    assert.equal("returns", scarce.with_garbage(prepare, call))
    assert.equal("EMFILE", scarce.without_garbage(prepare, call))
  end)
end)
