local compiled = require "spec.support.compiled"
local fails = require "spec.support.fails"
local pidfd = require "pidfd"
local spawned = require "spec.support.spawned"
local stream = require "spec.support.stream"

teardown(compiled.remove)

describe("pidfd.poll() of a pidfd.fd", function()
  for _, kind in ipairs(stream.kinds) do
    it("tells when a " .. kind .. " can be read", function()
      stream.with(kind, function(input, output)
        assert.same({}, pidfd.poll({ input }, 0))
        assert.same({}, pidfd.poll({ input }, 0.01))
        assert(output:write("x"))
        assert.same({ input }, pidfd.poll({ input }, 10))
        assert.equal("x", input:read(9, 0))
        assert.same({}, pidfd.poll({ input }, 0))
        output:close()
        assert.same({ input }, pidfd.poll { input })
        assert.equal("", input:read(9, 0))
      end)
    end)
  end

  it("takes pidfds in the same list", function()
    local cat = { "cat", stdin = "pipe", stdout = "pipe" }
    spawned.with(cat, function(p, pipes)
      local list = { p, pipes.stdout }
      assert.same({}, pidfd.poll(list, 0))
      assert(pipes.stdin:write("hello"))
      assert.same({ pipes.stdout }, pidfd.poll(list, 10))
      assert.equal("hello", pipes.stdout:read(9, 0))
      pipes.stdin:close()
      assert.same({ p }, pidfd.poll({ p }, 10))
      assert.same(list, pidfd.poll(list))
      assert.equal("", pipes.stdout:read(9, 0))
    end)
  end)

  it("tells at once of lines that have been read ahead", function()
    stream.with("pipe", function(input, output)
      local self = assert(pidfd.self())
      assert(output:write("one\ntwo\n"))
      local next = input:lines(0)
      assert.equal("one", next())
      assert.same({ input }, pidfd.poll { self, input })
      assert.equal("two", next())
      assert.same({}, pidfd.poll({ self, input }, 0))
      self:close()
    end)
  end)

  it("tells of others that are ready besides such lines", function()
    stream.with("pipe", function(input, output)
      stream.with("pipe", function(other, another)
        assert(output:write("one\ntwo\n"))
        assert(another:write("x"))
        assert.equal("one", input:lines()())
        assert.same({ other, input }, pidfd.poll { other, input })
      end)
    end)
  end)

  it("tells when nobody reads what can only be written", function()
    stream.with("pipe", function(input, output)
      assert.same({}, pidfd.poll({ output }, 0))
      input:close()
      assert.same({ output }, pidfd.poll { output })
      fails("write", "EPIPE", output:write("x"))
    end)
  end)

  it("fails with EBADF when somebody has closed the number", function()
    stream.with("pipe", function(input)
      local number = input:fileno()
      stream.ends().close(number)
      fails("poll", "EBADF", pidfd.poll({ input }, 0))
      input:release()
    end)
  end)
end)
