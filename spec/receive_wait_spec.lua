local child = require "spec.support.child"
local ensure = require "spec.support.ensure"
local pidfd = require "pidfd"
local script = require "spec.support.script"
local sockets = require "spec.support.sockets"
local stream = require "spec.support.stream"

describe("pidfd.receive() that waits", function()
  it("goes on after a signal handler has run", function()
    local output = stream.handled("socket", [[
      local alarm = require "spec.programs.alarm"
      local pidfd = require "pidfd"
      local stream = require "spec.programs.stream"
      local n = 0
      local data, extra = alarm.every(0.001, function()
        n = n + 1
        if n == 10 then
          pidfd.send(stream.output, "at last", { stream.self })
        end
      end, pidfd.receive, stream.input, 100)
      print(data, #extra.fds)
    ]])
    assert.equal("at last\t1\n", output)
  end)

  it("takes nothing when a signal handler raises", function()
    local output = stream.handled("socket", [[
      local alarm = require "spec.programs.alarm"
      local pidfd = require "pidfd"
      local stream = require "spec.programs.stream"
      local input, output = stream.input, stream.output
      print(pcall(alarm.after, 0.05, function()
        pidfd.send(output, "x", { 0 })
        error("no more", 0)
      end, pidfd.receive, input, 1))
      print(#select(2, pidfd.receive(input, 1)).fds)
    ]])
    assert.equal("false\tno more\n1\n", output)
  end)

  it("goes on without what a debugger's hook takes away", function()
    local output = stream.handled("socket", [[
      local alarm = require "spec.programs.alarm"
      local pidfd = require "pidfd"
      local stream = require "spec.programs.stream"
      local take = require "spec.programs.taking"
      local input, output = stream.input, stream.output
      local data, extra = alarm.after(0.05, function()
        take(pidfd.receive, function(value)
          return type(value) ~= "number" and value ~= input
        end, nil)
        pidfd.send(output, "at last", { 0 })
      end, pidfd.receive, input, 100, 60)
      print(data, #extra.fds)
    ]])
    assert.equal("at last\t1\n", output)
  end)
end)

describe("pidfd.receive() and another reader", function()
  it("get each message once", function()
    stream.ends()
    sockets.with("packets", function(input, output)
      local command = script.command([[
        local pidfd = require "pidfd"
        local n = 0
        print("ready")
        io.stdout:flush()
        while (pidfd.receive(0, 100)) ~= "" do
          n = n + 1
        end
        print(n)
      ]])
      local options = { "sh", "-c", "exec " .. command, stdin = input,
        stdout = "pipe" }
      child.running(options, function(_, pipes)
        local said = assert(pipes.stdout:file())
        ensure(function()
          assert.equal("ready", said:read())
          for _ = 1, 200 do
            assert(pidfd.send(output, "x", { 0 }, 60))
          end
          local n = 0
          while pidfd.receive(input, 100, 0) do
            n = n + 1
          end
          output:close()
          assert.equal(200, n + said:read("n"))
        end, function() said:close() end)
      end)
    end)
  end)
end)
