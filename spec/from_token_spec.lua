local child = require "spec.support.child"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local pidfd = require "pidfd"
local reused = require "spec.support.reused"
local run = require "spec.support.run"
local scarce = require "spec.support.scarce"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"
local subject = require "spec.support.subject"
local tokens = require "spec.support.tokens"

local function errno(result, _, code)
  return result == nil and pidfd.errno[code]
end

-- By the token: how it is made, as an expression; how it is put together.
local forms = {
  ["p:token()"] = { "p:token()", tokens.with },
  ["p:token('short')"] = { "p:token('short')", tokens.short },
}

for name, form in sorted(forms) do
  local expression, with = form[1], form[2]
  local token_of = assert(load("local p = ...\nreturn " .. expression))

  describe("pidfd.from_token() of " .. name, function()
    it("returns a pidfd for the same process", function()
      kernel.need_pidfs()
      child.with(function(p, pid)
        local q = assert(pidfd.from_token(token_of(p)))
        assert.equal("pidfd", pidfd.type(q))
        assert.is_true(p == q)
        assert.equal(pid, q:pid())
        assert.equal(token_of(p), token_of(q))
        assert.is_true(fds.has(q:fileno(), "CLOEXEC"))
        q:close()
      end)
    end)

    it("finds it in another program", function()
      kernel.need_pidfs()
      child.with(function(p, pid)
        local output = script.run([[
          local pidfd = require "pidfd"
          local p = assert(pidfd.from_token(arg[1]))
          print(p:pid(), p:id())
        ]], token_of(p))
        assert.equal(("%d\t%d\n"):format(pid, p:id()), output)
      end)
    end)

    it("fails with ESRCH for a process that was reaped", function()
      kernel.need_pidfs()
      local token
      child.with(function(p)
        token = assert(token_of(p))
      end)
      fails("from_token", "ESRCH", pidfd.from_token(token))
    end)

    it("fails with ESRCH where another process has the number", function()
      kernel.need_pidfs()
      local output = reused.run([[
        local argument = require "spec.programs.argument"
        local pidfd = require "pidfd"
        local reused = require "spec.programs.reused"
        local errno, start, replace = reused.errno, reused.start, reused.replace
        local old = start()
        local token = argument(arg[1], { p = old })()
        local new = replace(old)
        print(errno(pidfd.from_token(token)))
        print(pidfd.from_token(argument(arg[1], { p = new })()) == new)
      ]], expression)
      assert.equal("ESRCH\ntrue\n", output)
    end)

    it("fails with ESRCH where the number is a thread's by now", function()
      kernel.need_pidfs()
      subject.with({ "thread" }, function(p, thread)
        fails("from_token", "ESRCH",
          pidfd.from_token(with(p, { pid = thread })))
      end)
    end)

    it("fails with EOPNOTSUPP before Linux 6.9, and says so", function()
      kernel.need_before(6, 9)
      local token = with(nil, { pid = child.self(), id = 1 })
      local _, message = pidfd.from_token(token)
      fails("from_token", "EOPNOTSUPP", pidfd.from_token(token))
      assert.matches("%(before Linux 6%.9%)$", message)
    end)

    it("makes no descriptor that stays", function()
      kernel.need_pidfs()
      local p = assert(pidfd.self())
      local token, another = token_of(p), with(p, { id = p:id() + 1 })
      assert.equal(0, fds.leaked(function()
        assert(pidfd.from_token(token))
      end))
      assert.equal(0, fds.leaked(function()
        fails("from_token", "ESRCH", pidfd.from_token(another))
      end))
      p:close()
    end)

    it("lets the collector look for a descriptor", function()
      kernel.need_pidfs()
      local prepare = "local p = pidfd.self(); local token = " .. expression
      local call = "pidfd.from_token(token)"
      assert.equal("returns", scarce.with_garbage(prepare, call))
      assert.equal("EMFILE", scarce.without_garbage(prepare, call))
    end)
  end)
end

describe("pidfd.from_token()", function()
  it("finds what a program has left behind when it ended", function()
    kernel.need_pidfs()
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
    kernel.need_pidfs()
    child.with_zombie(function(p)
      local q = assert(pidfd.from_token(p:token()))
      assert.is_true(p == q)
      q:close()
    end)
  end)

  it("fails with ESRCH after another start of the system", function()
    kernel.need_pidfs()
    local p = assert(pidfd.self())
    local boot = tokens.boot_id():gsub("^%x", function(digit)
      return digit == "0" and "1" or "0"
    end)
    fails("from_token", "ESRCH",
      pidfd.from_token(tokens.with(p, { boot = boot })))
    p:close()
  end)

  it("returns the thread of a thread's token", function()
    kernel.need_pidfs()
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
      ["another version"] = tokens.with(p, { version = 2 }),
      ["a version with a zero"] = tokens.with(p, { version = "01" }),
      ["no version"] = tokens.with(p, {}):sub(3),
      ["another kind"] = tokens.with(p, { kind = "group" }),
      ["no kind"] = tokens.with(p, { kind = "" }),
      ["a kind in capitals"] = tokens.with(p, { kind = "PROCESS" }),
      ["pid 0"] = tokens.with(p, { pid = 0 }),
      ["a negative pid"] = tokens.with(p, { pid = -pid }),
      ["a pid with a sign"] = tokens.with(p, { pid = "+" .. pid }),
      ["a pid with a space"] = tokens.with(p, { pid = " " .. pid }),
      ["a pid with a zero"] = tokens.with(p, { pid = "0" .. pid }),
      ["a hexadecimal pid"] = tokens.with(p, { pid = ("0x%x"):format(pid) }),
      ["a pid 2^32 too much"] = tokens.with(p, { pid = pid + 4294967296 }),
      ["a huge pid"] = tokens.with(p, { pid = ("9"):rep(40) }),
      ["no pid"] = tokens.with(p, { pid = "" }),
      ["id 0"] = tokens.with(p, { id = 0 }),
      ["an id with a zero"] = tokens.with(p, { id = "0" .. id }),
      ["a huge id"] = tokens.with(p, { id = ("9"):rep(40) }),
      ["a negative id"] = tokens.with(p, { id = -id }),
      ["no id"] = tokens.with(p, { id = "" }),
      ["no boot"] = tokens.with(p, { boot = "" }),
      ["a boot in capitals"] = tokens.with(p, { boot = ("A"):rep(36) }),
      ["a boot of zeros"] = tokens.with(p, { boot = ("\0"):rep(36) }),
      ["a longer boot"] = tokens.with(p, { boot = tokens.boot_id() .. "0" }),
      ["a space in front"] = " " .. tokens.with(p, {}),
      ["a newline behind"] = tokens.with(p, {}) .. "\n",
      ["a zero behind"] = tokens.with(p, {}) .. "\0",
      ["one more field"] = tokens.with(p, {}) .. ":",
      ["itself behind"] = tokens.with(p, {}):rep(2),
    }
  end

  it("fails with EINVAL for what is no token", function()
    kernel.need_pidfs()
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
    kernel.need_pidfs()
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

  it("fails with ENOENT where /proc is hidden", function()
    kernel.need_pidfs()
    local p = assert(pidfd.self())
    local output = run.unshared(run.without_proc, [[
      local pidfd = require "pidfd"
      print(pidfd.errno[select(3, pidfd.from_token(arg[1]))])
    ]], p:token())
    p:close()
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
end)
