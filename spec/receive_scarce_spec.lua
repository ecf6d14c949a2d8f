local kernel = require "spec.support.kernel"
local run = require "spec.support.run"
local sockets = require "spec.support.sockets"
local stream = require "spec.support.stream"

-- Run a program with both ends of a pair of that kind, where so many
-- descriptors can be open.
local function without_descriptors(kind, n, program, ...)
  stream.ends()
  return run.with_descriptors(n, program, kind, ...)
end

describe("pidfd.receive() without descriptors", function()
  for _, kind in ipairs(sockets.kinds) do
    for _, n in ipairs { 24, 400 } do
      it(("fails with EMFILE and loses nothing, of a %s, of %d"):format(
        kind, n), function()
        assert.equal("EMFILE\nEMFILE\nEMFILE\nx\t3\tfalse\n",
          without_descriptors(kind, n, [[
            local pidfd = require "pidfd"
            local stream = require "spec.programs.stream"
            local input, output, self = stream.input, stream.output, stream.self
            local full = require "spec.programs.full"
            local fill, show = full.fill, full.show
            assert(pidfd.send(output, "x", { 0, self, 0 }))
            fill()
            for _ = 1, 3 do
              show(pidfd.receive(input, 9, 60))
              table.remove(full.held):close()
            end
            show(pidfd.receive(input, 9, 60))
            os.exit(true, true)
          ]]))
      end)

      it(("lets the collector look for them, of a %s, of %d"):format(kind, n),
        function()
          assert.equal("x\t3\tfalse\n", without_descriptors(kind, n, [[
            local pidfd = require "pidfd"
            local stream = require "spec.programs.stream"
            local input, output, self = stream.input, stream.output, stream.self
            local full = require "spec.programs.full"
            local fill, show = full.fill, full.show
            assert(pidfd.send(output, "x", { 0, self, 0 }))
            fill()
            full.held = nil
            show(pidfd.receive(input, 9, 60))
            os.exit(true, true)
          ]]))
        end)

      it(("needs none for what has none, of a %s, of %d"):format(kind, n),
        function()
          assert.equal("x\t0\tfalse\nEMFILE\ny\t1\tfalse\n",
            without_descriptors(kind, n, [[
              local pidfd = require "pidfd"
              local stream = require "spec.programs.stream"
              local input, output = stream.input, stream.output
              local full = require "spec.programs.full"
              local fill, show = full.fill, full.show
              assert(pidfd.send(output, "x"))
              fill()
              show(pidfd.receive(input, 1, 60))
              assert(pidfd.send(output, "y", { 0 }))
              show(pidfd.receive(input, 1, 60))
              full.held[#full.held]:close()
              show(pidfd.receive(input, 1, 60))
              os.exit(true, true)
            ]]))
        end)
    end
  end

  it("waits, and fails with ETIMEDOUT", function()
    assert.equal("ETIMEDOUT\nETIMEDOUT\n",
      without_descriptors("socket", 24, [[
        local pidfd = require "pidfd"
        local stream = require "spec.programs.stream"
        local input = stream.input
        local full = require "spec.programs.full"
        local fill, show = full.fill, full.show
        fill()
        show(pidfd.receive(input, 1, 0))
        show(pidfd.receive(input, 1, 0.01))
        os.exit(true, true)
      ]]))
  end)

  -- Messages that are sent, and what is received of them once there is one
  -- descriptor.
  local function assert_received(expected, kind, n, send)
    assert.equal("EMFILE\n" .. expected, without_descriptors(kind, n, [[
      local argument = require "spec.programs.argument"
      local full = require "spec.programs.full"
      local pidfd = require "pidfd"
      local stream = require "spec.programs.stream"
      local input, output = stream.input, stream.output
      local fill, show = full.fill, full.show
      assert(argument(arg[2], { pidfd = pidfd, input = input,
        output = output })())
      fill()
      show(pidfd.receive(input, 9, 60))
      full.held[#full.held]:close()
      show(pidfd.receive(input, 9, 60))
      os.exit(true, true)
    ]], send))
  end

  it("does not lose the sender either", function()
    if not kernel.at_least(6, 5) or run.is_emulated() then
      pending("SO_PASSPIDFD (Linux 6.5)")
    end
    assert_received("x\t0\tfalse\n", "datagram", 24,
      "pidfd.passpidfd(input, true) and pidfd.send(output, 'x')")
  end)

  it("does not take what comes with more than it has room for", function()
    assert_received("xy\t1\tfalse\n", "socket", 400,
      "pidfd.send(output, 'x') and pidfd.send(output, 'y', { 0 })")
  end)

  -- As it is if another thread takes the number in between: strace says that
  -- there was one.
  it("tells what was lost all the same", function()
    local program = [[
      local pidfd = require "pidfd"
      local stream = require "spec.programs.stream"
      local input, output = stream.input, stream.output
      local held = {}
      assert(pidfd.send(output, "x", { 0, 0, 0 }))
      repeat
        held[#held + 1] = pidfd.self()
      until not pidfd.self()
      held[#held]:close()
      local data, extra = pidfd.receive(input, 9, 60)
      print(data, #extra.fds, extra.truncated, extra.lost)
      os.exit(true, true)
    ]]
    stream.ends()
    local _, output = run.traced(
      "-e trace=/^fcntl -e inject=/^fcntl:retval=999 " -- fcntl64, too
      .. "sh -c 'ulimit -n 24; exec \"$@\"' sh", program, "socket")
    assert.equal("x\t1\ttrue\tfds\n", output)
  end)
end)
