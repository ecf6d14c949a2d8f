-- How a process has ended, as p:wait() tells it, and ends that somebody else
-- has to tell.

local assert = require "luassert"
local ensure = require "spec.support.ensure"
local kernel = require "spec.support.kernel"
local partner = require "spec.support.partner"
local pidfd = require "pidfd"
local script = require "spec.support.script"

local ended = {}

-- Demands of the results of a call, which follow the two others, that they are
-- those, and nothing else.
function ended.assert(expected_how, expected_code, how, code, ...)
  assert.equal(expected_how, how)
  assert.equal(expected_code, code)
  assert.equal(0, select("#", ...))
end

-- The same, for a process that somebody else has reaped.
function ended.assert_told(how, code, ...)
  if kernel.at_least(6, 15) then
    ended.assert(how, code, ...)
  else
    ended.assert("unknown", nil, ...)
  end
end

-- Reaps a zombie when it is told a line.
local PARENT = [[
  io.stdout:setvbuf("line")
  local zombie = assert(require("pidfd").spawn { "sh", "-c", arg[1] })
  print(zombie:pid())
  io.read()
  zombie:wait()
  print("reaped")
  io.read()
]]

-- Lend 'use' a zombie of that command whose parent reaps it when it is told a
-- line, and then says "reaped": a pidfd, and the parent, a partner.
function ended.with_others_zombie(command, use)
  partner.with("exec " .. script.command(PARENT, command), function(parent)
    local p = assert(pidfd.open(math.tointeger(parent.hear())))
    ensure(function()
      assert(p:poll())
      use(p, parent)
    end, function()
      p:close()
    end)
  end)
end

return ended
