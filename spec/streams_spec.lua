local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local sorted = require "spec.support.sorted"
local spawned = require "spec.support.spawned"

describe("a stream of pidfd.spawn()", function()
  it("is ours when nothing is said", function()
    assert.same(spawned.inherited(), spawned.fds {})
  end)

  it("is none where ours is closed and the number is an object's", function()
    local output = run.under("exec sh -c 'exec \"$@\" <&-' sh", [[
      local pidfd = require "pidfd"
      local p = assert(pidfd.self())
      assert(p:fileno() == 0)
      assert(pidfd.spawn { "ls", "/proc/self/fd" }):wait()
    ]])
    assert.equal("0\n1\n2\n", output) -- the first is of the directory itself
  end)

  for number, name in sorted(spawned.STREAMS) do
    it("is ours: " .. name .. " = 'inherit'", function()
      assert.same(spawned.inherited(), spawned.fds { [name] = "inherit" })
    end)

    it("is /dev/null: " .. name .. " = 'null'", function()
      assert.same(spawned.inherited { [number] = "/dev/null" },
        spawned.fds { [name] = "null" })
    end)

    it("is a pipe: " .. name .. " = 'pipe'", function()
      spawned.stopped({ [name] = "pipe" }, function(p, pipes)
        local list, ours = assert(p:fds()), spawned.ours()
        local pipe = ours[pipes[name]:fileno()]
        assert.matches("^pipe:", pipe)
        assert.same(spawned.inherited { [number] = pipe }, list)
        assert.same({ [name] = pipes[name] }, pipes)
      end)
    end)
  end

  it("is read and written through pipes", function()
    local p, pipes = assert(pidfd.spawn {
      "sh", "-c", "read line; echo out $line; echo err $line >&2",
      stdin = "pipe", stdout = "pipe", stderr = "pipe",
    })
    local stdin = assert(pipes.stdin:file("w"))
    stdin:write("line\n")
    stdin:close()
    for name, expected in pairs { stdout = "out line\n",
      stderr = "err line\n" } do
      local file = assert(pipes[name]:file())
      assert.equal(expected, file:read("a"))
      file:close()
    end
    assert.equal("exit", (p:wait()))
    p:close()
  end)

  it("may be read from /dev/null, and written there", function()
    local p = assert(pidfd.spawn {
      "sh", "-ec", "! read line; echo x; echo x >&2",
      stdin = "null", stdout = "null", stderr = "null",
    })
    local how, code = p:wait()
    p:close()
    assert.equal("exit", how)
    assert.equal(0, code)
  end)

  it("has one end of its pipe here, a pidfd.fd that is close-on-exec",
    function()
      spawned.with({ "sleep", "60", stdin = "pipe", stdout = "pipe",
        stderr = "pipe" }, function(_, pipes)
        local ours = spawned.ours()
        for _, name in pairs(spawned.STREAMS) do
          local number = pipes[name]:fileno()
          assert.equal("pidfd.fd", pidfd.type(pipes[name]))
          assert.is_true(fds.has(number, "CLOEXEC"))
          assert.is_false(fds.has(number, "NONBLOCK"))
          local pipe = ours[number]
          ours[number] = nil
          for _, target in pairs(ours) do
            assert.not_equal(pipe, target)
          end
        end
      end)
    end)

  local outputs = {
    ["'inherit'"] = "inherit",
    ["'null'"] = "null",
    ["'pipe'"] = "pipe",
    ["absent"] = nil,
    ["a descriptor"] = 0,
  }

  for name, stdout in sorted(outputs) do
    it("is stdout's: stderr = 'stdout', which is " .. name, function()
      spawned.stopped({ stdout = stdout, stderr = "stdout" },
        function(p, pipes)
          local list = assert(p:fds())
          assert.equal(list[1], list[2])
          assert.is_nil(pipes.stderr)
        end)
    end)
  end

  it("is the same pipe twice: stderr = 'stdout'", function()
    local text = spawned.output {
      "sh", "-c", "echo 1; echo 2 >&2; echo 3", stderr = "stdout",
    }
    assert.equal("1\n2\n3\n", text)
  end)
end)

local SHOW = "require 'spec.programs.opened'" -- so that it has compat.lua

describe("pidfd.spawn() where stdin and stdout are closed", function()
  local closing = [[exec sh -c 'exec "$@" <&- >&-' sh]]
  local cases = {
    [""] = "2 pipe\n",
    ["stdin = 'inherit', stdout = 'inherit'"] = "2 pipe\n",
    ["stdin = 'null'"] = "0 /dev/null\n2 pipe\n",
    ["stdout = 'pipe'"] = "1 pipe\n2 pipe\n",
    ["stdin = 'pipe', stdout = 'pipe', stderr = 'pipe'"] =
      "0 pipe\n1 pipe\n2 pipe\n",
    ["stderr = 'stdout'"] = "",
    ["stderr = 'pipe'"] = "2 pipe\n",
    ["stdin = 2, stderr = 'null'"] = "0 pipe\n2 /dev/null\n",
    ["fds = { [4] = 2 }, stdout = 'null'"] =
      "1 /dev/null\n2 pipe\n4 pipe\n",
  }

  for options, expected in sorted(cases) do
    it("gives what is asked for: " .. options, function()
      assert.equal(expected, (run.under(closing, SHOW, options)))
    end)
  end

  for _, options in ipairs { "stdin = 1, stdout = 'null'",
    "stdin = 'pipe', stdout = 0", "stdin = 'null', fds = { [9] = 1 }" } do
    it("fails with EBADF for what is closed: " .. options, function()
      assert.matches("Bad file descriptor",
        (run.under(closing, SHOW, options)))
    end)
  end
end)
