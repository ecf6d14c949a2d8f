local child = require "spec.support.child"
local times = require "spec.support.times"

-- Seconds since the machine was started, in hundredths.
local function now()
  local file = assert(io.open("/proc/uptime"))
  local seconds = file:read("n")
  file:close()
  return seconds
end

-- Lend 'use' a pidfd for a child that ends by itself in a moment.
local function with_short_child(use)
  child.running({ "sleep", "0.05" }, use)
end

describe("p:poll()", function()
  it("returns false for a process that runs", function()
    child.with(function(p)
      assert.is_false(p:poll(0))
    end)
  end)

  it("returns true for a zombie, again and again", function()
    child.with_zombie(function(p)
      assert.is_true(p:poll(0))
      assert.is_true(p:poll(0))
      assert.is_true(p:poll(60))
      assert.is_true(p:poll())
    end)
  end)

  it("returns true for a process that was reaped", function()
    child.with_reaped(function(p)
      assert.is_true(p:poll(0))
      assert.is_true(p:poll())
    end)
  end)

  local timeouts = {
    { "no time", nil },
    { "math.huge", math.huge },
    { "60", 60 },
    { "60.5", 60.5 },
    { "more seconds than the kernel can count", 1e18 },
    { "the largest integer", math.maxinteger },
  }

  for _, case in ipairs(timeouts) do
    it("returns true at the end of the process with " .. case[1], function()
      with_short_child(function(p)
        local start = now()
        assert.is_true(p:poll(case[2]))
        assert.is_true(now() - start < 30)
      end)
    end)
  end

  it("waits for ever without an argument", function()
    with_short_child(function(p)
      assert.is_true(p:poll())
    end)
  end)

  it("waits for a process that is not a child", function()
    child.with_grandchild(function(p)
      assert.is_false(p:poll(0))
      p:send_signal("KILL")
      assert.is_true(p:poll(60))
    end)
  end)

  for _, timeout in ipairs { 0, 0.0, -0.0, 1e-12, 0.001 } do
    it("returns false after " .. timeout .. " s", function()
      child.with(function(p)
        local start = now()
        assert.is_false(p:poll(timeout))
        assert.is_true(now() - start < 30)
      end)
    end)
  end

  it("waits as long as it was told to", function()
    child.with(function(p)
      local start = now()
      assert.is_false(p:poll(0.1))
      assert.is_true(now() - start >= 0.08)
    end)
  end)

  it("returns false for a process that is only stopped", function()
    child.with(function(p)
      p:send_signal("STOP")
      assert.is_false(p:poll(0.02))
      p:send_signal("CONT")
      assert.is_false(p:poll(0.02))
    end)
  end)

  for _, case in ipairs(times.wrong) do
    it("raises for " .. case.name, function()
      child.with_reaped(function(p)
        assert.error_matches(function() p:poll(case.value) end, "bad argument")
      end)
    end)
  end

end)
