local child = require "spec.support.child"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local ourselves = require "spec.support.ourselves"
local pidfd = require "pidfd"
local reused = require "spec.support.reused"
local run = require "spec.support.run"
local state = require "spec.support.state"
local threads = require "spec.support.threads"

-- A child in a user namespace of its own, where nobody has a number yet.
local function with_namespace(use)
  if not os.execute("unshare --user true >/dev/null 2>&1") then
    pending("needs user namespaces")
  end
  child.ready({ "unshare", "--user", "sh", "-c", "echo; exec sleep 60" }, use)
end

describe("p:proc() with a text", function()
  local self
  ourselves(function(p) self = p end)

  it("writes a file of the process", function()
    child.with(function(p)
      assert.is_true(p:proc("oom_score_adj", "700"))
      assert.equal("700\n", p:proc("oom_score_adj"))
      assert.is_true(p:proc("oom_score_adj", "701\n"))
      assert.equal("701\n", p:proc("oom_score_adj"))
    end)
  end)

  it("writes a file of its own process, zeros and all", function()
    local old = self:proc("comm"):sub(1, -2)
    assert.is_true(self:proc("comm", "a name"))
    assert.equal("a name\n", self:proc("comm"))
    assert.is_true(self:proc("comm", "a\0b"))
    assert.equal("a\n", self:proc("comm"))
    assert.is_true(self:proc("comm", ""))
    assert.equal("\n", self:proc("comm"))
    assert.is_true(self:proc("comm", old))
  end)

  it("writes the map of a user namespace", function()
    with_namespace(function(p)
      assert.equal("", p:proc("uid_map"))
      assert.is_true(p:proc("uid_map", ("7 %d 1"):format(run.user())))
      assert.matches("^%s+7%s+" .. run.user() .. "%s+1\n$",
        (p:proc("uid_map")))
    end)
  end)

  it("fails with EPERM for what may be done only once", function()
    with_namespace(function(p)
      local map = ("0 %d 1"):format(run.user())
      assert.is_true(p:proc("uid_map", map))
      fails("proc", "EPERM", p:proc("uid_map", map))
    end)
  end)

  it("writes one of a process whose first thread has ended", function()
    threads.with("leaderless", function(process)
      state.await(process.pid, "Z")
      assert.is_true(process.p:proc("oom_score_adj", "600"))
      assert.equal("600\n", process.p:proc("oom_score_adj"))
    end)
  end)

  it("does not write to another process that has the number", function()
    local output = reused.run [[
      local reused = require "spec.programs.reused"
      local errno, start, replace = reused.errno, reused.start, reused.replace
      local old = start()
      local new = replace(old)
      print(errno(old:proc("oom_score_adj", "500")))
      io.write(new:proc("oom_score_adj"))
    ]]
    assert.equal("ESRCH\n" .. self:proc("oom_score_adj"), output)
  end)

  it("fails with EINVAL for what the file does not take", function()
    child.with(function(p)
      local before = p:proc("oom_score_adj")
      for _, text in ipairs { "", "x", "2000", "1 2", "0x", "-" } do
        fails("proc", "EINVAL", p:proc("oom_score_adj", text))
      end
      assert.equal(before, p:proc("oom_score_adj"))
      fails("proc", "EINVAL", p:proc("comm", "not my name"))
    end)
  end)

  it("fails with EMSGSIZE where a part of the text was taken", function()
    child.with(function(p)
      fails("proc", "EMSGSIZE",
        p:proc("oom_score_adj", "500" .. (" "):rep(30)))
      assert.equal("500\n", p:proc("oom_score_adj"))
    end)
  end)

  it("fails for a file that cannot be written", function()
    local p, _, code = self:proc("stat", "x")
    assert.is_nil(p)
    code = pidfd.errno[code]
    assert.is_true(code == "EACCES" or code == "EINVAL" or code == "EIO")
  end)

  it("fails with EACCES where a privilege is missing", function()
    local output = run.as_stranger [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.self())
      assert(p:proc("oom_score_adj", "500"))
      local _, message, code = p:proc("oom_score_adj", "-500")
      print(pidfd.errno[code], message, p:proc("oom_score_adj"))
    ]]
    assert.matches(
      "^EACCES\tproc %d+/oom_score_adj: Permission denied\t500\n\n$", output)
  end)

  it("fails with EISDIR for a directory, and with ELOOP for a link", function()
    fails("proc", "EISDIR", self:proc("task", "x"))
    fails("proc", "ELOOP", self:proc("fd/0", "x"))
  end)

  it("raises for what is no text, before anything is done", function()
    for _, text in ipairs { 500, true, {}, print } do
      assert.error_matches(function() self:proc("oom_score_adj", text) end,
        "bad argument #2.*string expected")
    end
    assert.error_matches(function() self:proc("oom_score_adj", nil) end,
      "bad argument #2.*string expected")
  end)

  it("makes no descriptor that stays where the text is refused", function()
    assert.equal(0, fds.leaked(function()
      fails("proc", "EINVAL", self:proc("oom_score_adj", "x"))
    end))
  end)
end)
