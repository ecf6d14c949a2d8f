local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local ended = require "spec.support.ended"
local partner = require "spec.support.partner"
local pidfd = require "pidfd"
local script = require "spec.support.script"
local state = require "spec.support.state"

local assert_end = ended.assert

describe("a child that is traced by another", function()
  local TRACER = [[
    print(require("unix").seize(math.tointeger(arg[1])))
    io.stdout:flush()
    io.read()
  ]]

  -- Lend 'use' a zombie that its tracer does not let go of, and the tracer.
  local function with_traced(use)
    compiled.need("unix")
    local possible
    child.with(function(p, pid)
      local command = "exec " .. script.command(TRACER, pid)
      partner.with(command, function(tracer)
        possible = tracer.hear() == "true"
        if possible then
          p:send_signal("KILL")
          state.await(pid, "Z")
          use(p, tracer)
        end
      end)
    end)
    if not possible then
      pending("needs to trace a process")
    end
  end

  it("is over, but how is unknown, until its tracer lets go", function()
    with_traced(function(p, tracer)
      assert_end("unknown", nil, p:wait(0))
      assert_end("unknown", nil, p:wait(0.03))
      tracer.tell("")
      assert_end("signal", 9, p:wait())
    end)
  end)

  it("is reaped then", function()
    with_traced(function(p, tracer)
      tracer.tell("")
      assert_end("signal", 9, p:wait())
      assert.equal("ESRCH", pidfd.errno[select(3, p:send_signal(0))])
    end)
  end)
end)
