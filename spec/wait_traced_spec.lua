local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local partner = require "spec.support.partner"
local pidfd = require "pidfd"
local script = require "spec.support.script"
local state = require "spec.support.state"

local function assert_end(expected_how, expected_code, how, code, ...)
  assert.equal(expected_how, how)
  assert.equal(expected_code, code)
  assert.equal(0, select("#", ...))
end

local function need_unix()
  if not compiled.module("unix") then
    pending("needs a C compiler")
  end
end

teardown(compiled.remove)

describe("a child that is traced by another", function()
  local TRACER = [[
    print(require("unix").seize(math.tointeger(arg[1])))
    io.stdout:flush()
    io.read()
  ]]

  -- Lend 'use' a zombie that its tracer does not let go of, and the tracer.
  local function with_traced(use)
    need_unix()
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
