local child = require "spec.support.child"
local directory = require "spec.support.directory"
local elsewhere = require "spec.support.elsewhere"
local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local need = require "spec.support.need"
local pidfd = require "pidfd"

describe("p:fds()", function()
  it("returns what a child has open, by number", function()
    fds.with_file(function(_, _, path)
      child.holding("0</dev/null 2>&0 5</ 8>&- 9>" .. path, function(p)
        local list = assert(p:fds())
        assert.equal("/dev/null", list[0])
        assert.equal("/dev/null", list[2])
        assert.equal("/", list[5])
        assert.is_nil(list[8])
        assert.equal(path, list[9])
      end)
    end)
  end)

  it("has integers as keys and strings as values", function()
    child.with(function(p)
      for number, target in pairs(assert(p:fds())) do
        assert.equal("integer", math.type(number))
        assert.is_string(target)
      end
    end)
  end)

  it("tells that a file is deleted", function()
    local path = os.tmpname()
    child.holding("9<" .. path, function(p)
      os.remove(path)
      assert.equal(path .. " (deleted)", p:fds()[9])
    end)
  end)

  it("tells a pipe", function()
    child.holding("9>&1", function(p)
      assert.matches("^pipe:%[%d+%]$", p:fds()[9])
    end)
  end)

  it("tells a socket", function()
    need("socket")
    local s = assert(require("socket").tcp4())
    local p = assert(pidfd.self())
    assert.matches("^socket:%[%d+%]$", p:fds()[math.tointeger(s:getfd())])
    s:close()
    p:close()
  end)

  it("returns a name with a newline as it is", function()
    local path = os.tmpname()
    local name = path .. "\nmore"
    assert(os.rename(path, name))
    child.holding("9<'" .. name .. "'", function(p)
      os.remove(name)
      assert.equal(name .. " (deleted)", p:fds()[9])
    end)
  end)

  -- No call takes so long a path. It is made by moving a directory into
  -- another.
  it("tells that a path is too long for the kernel to tell", function()
    directory.with(function(where)
      local half = ("/" .. ("x"):rep(250)):rep(9)
      local inner, outer = where .. "/inner", where .. "/outer" .. half
      assert(os.execute(("mkdir -p %s%s %s"):format(inner, half, outer)))
      child.holding(("8</ 9<%s%s"):format(inner, half), function(p)
        assert(os.execute(("mv %s %s"):format(inner, outer)))
        local list = assert(p:fds())
        assert.equal("(name too long)", list[9])
        assert.equal("/", list[8])
      end)
    end)
  end)

  it("returns a thousand", function()
    local files = {}
    for i = 1, 1000 do
      files[i] = io.open("/dev/null")
    end
    if #files < 1000 then
      pending("needs a thousand descriptors (ulimit -n)")
    end
    local p = assert(pidfd.self())
    local n = 0
    for _, target in pairs(assert(p:fds())) do
      n = n + (target == "/dev/null" and 1 or 0)
    end
    p:close()
    for _, file in ipairs(files) do
      file:close()
    end
    assert.is_true(n >= 1000)
  end)

  it("returns those of a process that opens and closes meanwhile", function()
    local loop = "while :; do exec 8</dev/null 9<&8; exec 8<&- 9<&-; done"
    child.of("exec 7</dev/null; echo $$; " .. loop, function(p)
      for _ = 1, 300 do
        local list = assert(p:fds())
        assert.equal("/dev/null", list[7])
      end
    end)
  end)

  it("fails with ESRCH, or EACCES, while the process ends", function()
    child.with_ending(function(p)
      local list, _, code = p:fds()
      local errno = pidfd.errno[code]
      assert.is_true(list ~= nil or errno == "ESRCH" or errno == "EACCES")
    end)
  end)

  it("fails with ESRCH for a zombie", function()
    child.with_zombie(function(p)
      fails("fds", "ESRCH", p:fds())
    end)
  end)

  it("fails with ESRCH for a process that was reaped", function()
    child.with_reaped(function(p)
      fails("fds", "ESRCH", p:fds())
    end)
  end)

  it("fails with EACCES for another user's process", function()
    assert.equal("EACCES", (elsewhere.as_stranger "p:fds()"))
  end)

  it("fails with EREMOTE for one outside of the pid namespace", function()
    assert.equal("EREMOTE", (elsewhere.outside "p:fds()"))
  end)

  it("fails with ENOENT where /proc is hidden", function()
    assert.equal("ENOENT", (elsewhere.without_proc "p:fds()"))
  end)

  it("makes no descriptor that stays", function()
    local p = assert(pidfd.self())
    assert.equal(0, fds.leaked(function()
      assert(p:fds())
    end))
    p:close()
  end)

  it("makes no descriptor that stays when it fails", function()
    child.with_zombie(function(p)
      assert.equal(0, fds.leaked(function()
        fails("fds", "ESRCH", p:fds())
      end))
    end)
  end)
end)
