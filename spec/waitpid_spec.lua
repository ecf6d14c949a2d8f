local child = require "spec.support.child"
local kernel = require "spec.support.kernel"
local partner = require "spec.support.partner"
local script = require "spec.support.script"

local EXAMPLE = "examples/waitpid.lua"

-- Returns what the example wrote, and its exit status.
local function waitpid(...)
  local output, errors, how, code = script.run(EXAMPLE, ...)
  assert.equal("exit", how)
  return output, errors, code
end

-- Call 'use' with the pid of a child that ended so and is a zombie still.
local function with_end(command, use)
  child.shell(command, function(p, pid)
    assert(p:poll())
    use(pid)
  end)
end

describe("examples/waitpid.lua", function()
  for _, case in ipairs {
    { "exit 0", "exit 0", 0 },
    { "exit 3", "exit 3", 1 },
    { "kill -KILL $$", "signal 9 (KILL)", 1 },
    { "kill -40 $$", "signal 40", 1 },
  } do
    local command, told, status = table.unpack(case)
    it("tells of " .. told .. " and returns " .. status, function()
      with_end(command, function(pid)
        local output, _, code = waitpid(pid)
        assert.equal(pid .. ": " .. told .. "\n", output)
        assert.equal(status, code)
      end)
    end)
  end

  it("tells of a process that is not there, and returns 1", function()
    local pid = child.reaped()
    local output, _, code = waitpid(pid)
    assert.equal(pid .. ": no such process\n", output)
    assert.equal(1, code)
  end)

  it("returns 1 if one of many did not end by exit 0", function()
    with_end("exit 1", function(bad)
      with_end("exit 0", function(good)
        assert.equal(1, (select(3, waitpid(bad, good))))
      end)
    end)
  end)

  -- It has opened the second process when it tells of the first.
  it("tells of each when it ends, children of others too", function()
    child.with(function(p, pid)
      child.with_grandchild(function(q, other)
        local command = script.command(EXAMPLE, other, pid)
        partner.with("exec " .. command, function(example)
          p:send_signal("TERM")
          assert.equal(pid .. ": signal 15 (TERM)", example.hear())
          q:send_signal("KILL")
          local told = kernel.at_least(6, 15) and "signal 9 %(KILL%)" or ""
          assert.matches("^" .. other .. ": " .. told, example.hear())
          assert.is_nil(example.hear())
        end)
      end)
    end)
  end)

  for _, words in ipairs {
    {}, { "0" }, { "-1" }, { "4294967297" }, { "1.5" }, { "soon" }, { "" },
  } do
    it(("returns 2 for %d arguments {%s}"):format(#words,
      table.concat(words, " ")),
      function()
        local output, errors, code = waitpid(table.unpack(words))
        assert.equal("", output)
        assert.matches("^usage: ", errors)
        assert.equal(2, code)
      end)
  end
end)
