-- The option 'setenv' of pidfd.spawn(): changes to the environment.

local compiled = require "spec.support.compiled"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local spawned = require "spec.support.spawned"

-- What this process has, but for some names, and with more variables.
local function ours(without, with)
  local list = {}
  for _, line in ipairs(spawned.environment {}) do
    if not without[line:match("^[^=]*")] then
      table.insert(list, line)
    end
  end
  for _, line in ipairs(with) do
    table.insert(list, line)
  end
  table.sort(list)
  return list
end

describe("the option setenv of pidfd.spawn()", function()
  it("adds to our environment", function()
    assert.same(ours({}, { "PIDFD_SPEC=new =x" }),
      spawned.environment { setenv = { PIDFD_SPEC = "new =x" } })
  end)

  it("replaces in our environment", function()
    assert.same(ours({ HOME = true, PATH = true }, { "HOME=/", "PATH=/bin" }),
      spawned.environment { setenv = { HOME = "/", PATH = "/bin" } })
  end)

  it("removes from our environment", function()
    assert.same(ours({ HOME = true }, {}),
      spawned.environment { setenv = { HOME = false, PIDFD_NOTHING = false } })
  end)

  it("leaves it as it is without changes", function()
    assert.same(ours({}, {}), spawned.environment { setenv = {} })
  end)

  it("takes a name as a whole", function()
    assert.same({ "AB=2", "A_=3", "B=", "Z=5" }, spawned.environment {
      env = { A = "1", AB = "2", A_ = "3", B = "4", Z = "5" },
      setenv = { A = false, B = "" },
    })
  end)

  it("changes what env has given", function()
    assert.same({ "B=3", "C=4" }, spawned.environment {
      env = { A = "1", B = "2" }, setenv = { A = false, B = "3", C = "4" },
    })
  end)

  it("removes all", function()
    assert.same({}, spawned.environment {
      env = { A = "1" }, setenv = { A = false },
    })
  end)

  it("does not change where the program is searched", function()
    local _, how, code = spawned.output {
      "true", setenv = { PATH = "/nowhere" },
    }
    assert.equal("exit", how)
    assert.equal(0, code)
  end)

  it("takes many", function()
    local changes, expected = {}, {}
    for i = 1, 2000 do
      changes["V" .. i] = ("x"):rep(i % 50)
      table.insert(expected, "V" .. i .. "=" .. ("x"):rep(i % 50))
    end
    table.sort(expected)
    assert.equal(table.concat(expected, "\n"),
      table.concat(spawned.environment { env = {}, setenv = changes }, "\n"))
  end)

  it("changes nothing here", function()
    local before = os.getenv("HOME")
    spawned.output { "true", setenv = { HOME = false, PIDFD_SPEC = "1" } }
    assert.equal(before, os.getenv("HOME"))
    assert.is_nil(os.getenv("PIDFD_SPEC"))
  end)

  it("takes environ as it is at the launch", function()
    compiled.need("setenv")
    assert.equal("1\t2\t\n", run.under("exec", [[
      local pidfd, setenv = require "pidfd", require "setenv"
      setenv("PIDFD_A", "1")
      setenv("PIDFD_B", "1")
      assert(pidfd.spawn {
        "sh", "-c", "printf '%s\t%s\t%s\n' $PIDFD_A $PIDFD_B $PIDFD_C",
        setenv = { PIDFD_B = "2" },
      }):wait()
    ]]))
  end)

  it("names the variable that is wrong", function()
    for value, reason in pairs {
      [1] = "string expected, got number",
      [true] = "string expected, got boolean",
      ["a\0b"] = "string without zeros expected",
    } do
      assert.error_matches(function()
        pidfd.spawn { "true", setenv = { HOME = value } }
      end, "setenv%.HOME: " .. reason)
    end
  end)
end)
