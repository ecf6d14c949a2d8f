local child = require "spec.support.child"
local fails = require "spec.support.fails"
local ourselves = require "spec.support.ourselves"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local subject = require "spec.support.subject"

local MIB = 1024 * 1024

-- What the io library reads.
local function read(p, name)
  local file = assert(io.open(("/proc/%d/%s"):format(p:pid(), name)))
  local text = file:read("a")
  file:close()
  return text
end

local function lines(text)
  return select(2, text:gsub("\n", ""))
end

describe("p:proc()", function()
  local self
  ourselves(function(p) self = p end)

  it("returns what is in a file of the process", function()
    child.stopped({}, function(p)
      for _, name in ipairs { "comm", "limits", "maps", "net/unix", "stat",
        "task/" .. p:pid() .. "/comm" } do
        assert.equal(read(p, name), (p:proc(name)))
      end
    end)
  end)

  it("returns zeros as they are", function()
    child.stopped({}, function(p)
      assert.matches("^sh\0%-c\0.+\0$", (p:proc("cmdline")))
    end)
  end)

  it("returns an empty file", function()
    child.stopped({}, function(p)
      assert.equal("", p:proc("task/" .. p:pid() .. "/children"))
    end)
  end)

  it("returns all of an environment of 1 MiB", function()
    local env = { PATH = os.getenv("PATH") }
    for i = 1, 16 do
      env["V" .. i] = ("x"):rep(MIB / 16)
    end
    child.stopped({ env = env }, function(p)
      local environ = assert(p:proc("environ"))
      assert.is_true(#environ > MIB)
      assert.is_true(environ == read(p, "environ"))
    end)
  end)

  it("returns all of 20,000 mappings", function()
    subject.with({ "mappings", "20000" }, function(p)
      local maps = assert(p:proc("maps"))
      assert.is_true(lines(maps) > 20000)
      assert.is_true(maps == read(p, "maps"))
    end)
  end)

  it("returns all or fails, while the process ends", function()
    local outcomes = {}
    for _ = 1, 3 do
      subject.with({ "mappings", "20000" }, function(p)
        local whole = assert(p:proc("maps"))
        p:send_signal("KILL")
        repeat
          local ended = p:poll(0)
          local text, _, code = p:proc("maps")
          if text ~= whole and text ~= "" then
            outcomes[pidfd.errno[code] or "a part"] = true
          end
        until ended
      end)
    end
    -- For a moment it belongs to root.
    outcomes.ESRCH, outcomes.EACCES = nil, nil
    assert.same({}, outcomes)
  end)

  it("returns all while the process runs another program", function()
    subject.with({ "restarts", "2000" }, function(p)
      for _ = 1, 600 do
        local maps = assert(p:proc("maps"))
        local is_part = lines(maps) > 100 and not maps:find("%]\n$")
        assert.is_false(is_part)
      end
    end)
  end)

  it("returns what a zombie still has", function()
    child.stopped({}, function(p)
      p:send_signal("KILL")
      p:poll()
      assert.equal("sh\n", p:proc("comm"))
      assert.matches("%) Z ", (p:proc("stat")))
      assert.equal("", p:proc("maps"))
    end)
  end)

  it("returns what everybody may read of another user's process", function()
    local output = run.as_stranger [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.open(math.tointeger(arg[1])))
      io.write(p:proc("comm"))
    ]]
    assert.matches("^%S+\n$", output)
  end)

  it("fails with EFBIG for a file that has hardly an end", function()
    if select(3, self:proc("pagemap")) == pidfd.errno.ENOENT then
      pending("this kernel was built without pagemap")
    end
    fails("proc", "EFBIG", self:proc("pagemap"))
    fails("proc", "EFBIG", self:proc(("task/%d/pagemap"):format(self:pid())))
  end)

  it("fails as reading the file fails", function()
    fails("proc", "EIO", self:proc("mem"))
  end)

  it("fails with EISDIR for a directory", function()
    for _, name in ipairs { ".", "fd", "task", "task/./" .. child.self() } do
      fails("proc", "EISDIR", self:proc(name))
    end
  end)

  it("fails with ELOOP for a link", function()
    for _, name in ipairs { "exe", "cwd", "root", "fd/0", "ns/net" } do
      fails("proc", "ELOOP", self:proc(name))
    end
  end)
end)
