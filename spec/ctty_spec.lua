-- The option 'ctty' of pidfd.spawn(): a session's terminal.

local compiled = require "spec.support.compiled"
local ensure = require "spec.support.ensure"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local script = require "spec.support.script"
local spawned = require "spec.support.spawned"
local terminal = require "spec.support.terminal"

-- Run a program on a terminal of its own, that is nobody's: script(1) has given
-- up its part by setsid(1). Returns its output.
local function on_terminal(program)
  terminal.need()
  local output = os.tmpname()
  local command = "exec setsid -w " .. script.command(program)
  local shell = "script -qec %s /dev/null >%s </dev/null"
  os.execute(shell:format(script.quote(command), output))
  local text = read(output):gsub("\r", "")
  os.remove(output)
  return text
end

describe("the option ctty of pidfd.spawn()", function()
  it("fails with ENOTTY for what is no terminal", function()
    local p, message, code = pidfd.spawn {
      "true", session = true, ctty = 0, stdin = "null",
    }
    assert.is_nil(p)
    assert.matches("^spawn: ioctl TIOCSCTTY: ", message)
    assert.equal("ENOTTY", pidfd.errno[code])
  end)

  it("fails with EPERM for the terminal of another session", function()
    local output = on_terminal [[
      local pidfd = require "pidfd"
      local p, message, code = pidfd.spawn {
        "true", session = true, ctty = 1,
      }
      print(p, message:match("^spawn: ioctl TIOCSCTTY: "), pidfd.errno[code])
    ]]
    assert.equal("nil\tspawn: ioctl TIOCSCTTY: \tEPERM\n", output)
  end)

  -- Call 'use' with a terminal that no session has, and its other end.
  local function with_terminal(use)
    local unix = compiled.module("unix") and require "unix"
    local other, number
    if unix then
      other, number = unix.pty()
    end
    if not other then
      pending("needs a C compiler, and /dev/ptmx")
    end
    local self = assert(pidfd.self())
    local keyboard = assert(self:getfd(other))
    self:close()
    ensure(use, function()
      keyboard:close()
      unix.close(other)
      unix.close(number)
    end, number, keyboard)
  end

  for _, place in ipairs { 0, 2, 7 } do
    it("gives the child its terminal, which is number " .. place, function()
      with_terminal(function(number, keyboard)
        local options = {
          "sh", "-c", "echo here >/dev/tty; read line",
          stdin = "pipe", stderr = "null", session = true, ctty = place,
        }
        if place == 7 then
          options.fds = { [7] = number }
        else
          options[place == 0 and "stdin" or "stderr"] = number
        end
        spawned.with(options, function()
          local text = "" -- which may come in pieces
          repeat
            text = text .. assert(keyboard:read(100, 60))
          until text:find("\n")
          assert.equal("here\r\n", text)
        end)
      end)
    end)
  end

  it("is none without it", function()
    with_terminal(function(number)
      local _, how, code = spawned.output {
        "sh", "-c", "exec 2>/dev/null; : >/dev/tty", session = true,
        stdin = number,
      }
      assert.equal("exit", how)
      assert.not_equal(0, code)
    end)
  end)

  it("raises without session", function()
    for _, options in ipairs { { ctty = 0 }, { ctty = 0, session = false } } do
      options[1] = "true"
      assert.error_matches(function()
        pidfd.spawn(options)
      end, "ctty: session = true expected")
    end
  end)

  it("raises for a number that the child does not have", function()
    assert.error_matches(function()
      pidfd.spawn { "true", session = true, ctty = 5, fds = { [6] = 0 } }
    end, "ctty: 0 to 2 or a number in fds expected, got 5")
  end)
end)
