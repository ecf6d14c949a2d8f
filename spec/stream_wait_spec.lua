-- What the calls have in common that wait for a stream.

local sorted = require "spec.support.sorted"
local stream = require "spec.support.stream"
local terminal = require "spec.support.terminal"

-- By call: the kind of stream; which end of it 'fd' is; and the call, which
-- waits for that long.
local calls = {
  ["fd:read()"] = { "pipe", "input", "fd:read(9, seconds)" },
  ["fd:write()"] = {
    "pipe", "output", "fd:write(('x'):rep(2 ^ 20), seconds)",
  },
  ["pidfd.receive()"] = {
    "socket", "input", "pidfd.receive(fd, 1, seconds)",
  },
  ["pidfd.send()"] = {
    "socket", "output", "pidfd.send(fd, ('x'):rep(2 ^ 20), nil, seconds)",
  },
}

for title, call in sorted(calls) do
  local kind, which, expression = call[1], call[2], call[3]

  describe(title .. " that waits", function()
    it("is interrupted by Ctrl-C", function()
      terminal.need()
      stream.ends()
      local output = terminal.interrupt([[
        local argument = require "spec.programs.argument"
        local pidfd = require "pidfd"
        local ready = require "spec.programs.ready"
        local stream, which = require "spec.programs.stream", arg[2]
        local call = argument(arg[3], { fd = stream[which], pidfd = pidfd })
        ready()
        print(pcall(call))
      ]], kind, which, expression)
      assert.matches("false\t[^\n]*interrupted!\n$", output)
    end)

    it("raises when a signal handler has closed its descriptor", function()
      local output = stream.handled(kind, [[
        local alarm = require "spec.programs.alarm"
        local argument = require "spec.programs.argument"
        local pidfd = require "pidfd"
        local stream, which = require "spec.programs.stream", arg[2]
        local fd = stream[which]
        print(pcall(alarm.after, 0.05, function()
          fd:close()
        end, argument(arg[3], { fd = fd, pidfd = pidfd })))
      ]], which, expression)
      assert.matches("^false\t.*closed pidfd.fd%)\n$", output)
    end)

    it("waits for the rest of its time after a signal handler", function()
      local output = stream.handled(kind, [[
        local alarm = require "spec.programs.alarm"
        local argument = require "spec.programs.argument"
        local pidfd = require "pidfd"
        local stream, which = require "spec.programs.stream", arg[2]
        local unix = require "unix"
        local call = argument(arg[3], { fd = stream[which], pidfd = pidfd,
          seconds = 0.2 })
        local start = unix.now()
        local _, _, code = alarm.every(0.001, function() end, call)
        print(pidfd.errno[code], unix.now() - start >= 0.2)
      ]], which, expression)
      assert.equal("ETIMEDOUT\ttrue\n", output)
    end)
  end)
end
