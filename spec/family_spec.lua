local pidfd = require "pidfd"
local spawned = require "spec.support.spawned"

-- Our own process group, session, and fields of the status.
local function own_family()
  local self = assert(pidfd.self())
  local group, session = spawned.family(self)
  self:close()
  return group, session
end

-- Check the process group and the session of a child; "pid" is its number.
local function assert_family(expected_group, expected_session, options)
  spawned.stopped(options, function(p)
    local group, session = spawned.family(p)
    local pid = p:pid()
    assert.equal(expected_group == "pid" and pid or expected_group, group)
    assert.equal(expected_session == "pid" and pid or expected_session,
      session)
  end)
end

describe("the family of pidfd.spawn()", function()
  it("is ours when nothing is said", function()
    local group, session = own_family()
    assert_family(group, session, {})
    assert_family(group, session, { session = false })
  end)

  it("is new with session = true", function()
    assert_family("pid", "pid", { session = true })
  end)

  it("is a process group of its own with pgroup = 0", function()
    local _, session = own_family()
    assert_family("pid", session, { pgroup = 0 })
  end)

  it("is the process group that is named", function()
    local _, session = own_family()
    spawned.with({ "sleep", "60", pgroup = 0 }, function(p)
      assert_family(p:pid(), session, { pgroup = p:pid() })
    end)
  end)

  it("does not change ours", function()
    local group, session = own_family()
    spawned.output { "true", session = true }
    spawned.output { "true", pgroup = 0 }
    assert.same({ group, session }, { own_family() })
  end)
end)
