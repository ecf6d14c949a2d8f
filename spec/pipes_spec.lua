local has = require "spec.support.has"
local need = require "spec.support.need"
local pidfd = require "pidfd"
local spawned = require "spec.support.spawned"

-- 64 MiB, in blocks of which no two are the same.
local BLOCK, BLOCKS = 65536, 1024

local function block(i)
  local label = ("%016d"):format(i)
  return label:rep(BLOCK / #label)
end

-- By library: write all blocks to one of the numbers and read them from the
-- other, both at the same time; the numbers are the library's to close.
-- Returns how many blocks came back as they were, and what came after them.
local streams = {
  cqueues = function(input, output)
    local cqueues = require "cqueues"
    local socket = require "cqueues.socket"
    local loop = cqueues.new()
    local good, more = 0, nil
    loop:wrap(function()
      local writer = socket.fdopen(input)
      for i = 1, BLOCKS do
        assert(writer:xwrite(block(i), "bf"))
      end
      writer:close()
    end)
    loop:wrap(function()
      local reader = socket.fdopen(output)
      for i = 1, BLOCKS do
        good = good + (reader:xread(BLOCK, "b") == block(i) and 1 or 0)
      end
      more = reader:xread(1, "b")
      reader:close()
    end)
    assert(loop:loop())
    return good, more
  end,

  luv = function(input, output)
    local uv = require "luv"
    local writer, reader = uv.new_pipe(false), uv.new_pipe(false)
    local good, rest = 0, ""
    local function write(i)
      if i > BLOCKS then
        return writer:close()
      end
      writer:write(block(i), function(err)
        assert(not err, err)
        write(i + 1)
      end)
    end
    assert(writer:open(input))
    assert(reader:open(output))
    assert(reader:read_start(function(err, data)
      assert(not err, err)
      if not data then
        return reader:close()
      end
      rest = rest .. data
      while #rest >= BLOCK do
        good = good + (rest:sub(1, BLOCK) == block(good + 1) and 1 or 0)
        rest = rest:sub(BLOCK + 1)
      end
    end))
    write(1)
    uv.run()
    return good, rest ~= "" and rest or nil
  end,
}

describe("the pipes of pidfd.spawn()", function()
  for _, library in ipairs { "cqueues", "luv" } do
    it("carry 64 MiB both ways under " .. library, function()
      if not has(library) then
        pending("needs " .. library)
      end
      local cat = { "cat", stdin = "pipe", stdout = "pipe" }
      spawned.with(cat, function(p, pipes)
        local good, more = streams[library](pipes.stdin:release(),
          pipes.stdout:release())
        assert.equal(BLOCKS, good)
        assert.is_nil(more)
        assert.same({ "exit", 0 }, { p:wait() })
      end)
    end)
  end

  it("become Lua files", function()
    local sort = { "sort", stdin = "pipe", stdout = "pipe" }
    spawned.with(sort, function(p, pipes)
      local input, output = pipes.stdin:file("w"), pipes.stdout:file("r")
      assert(input:write("pear\n", "apple\n", "fig\n"))
      assert(input:close())
      assert.equal("apple\nfig\npear\n", output:read("a"))
      assert(output:close())
      assert.same({ "exit", 0 }, { p:wait() })
    end)
  end)

  it("tell a child of the end of its input", function()
    local wc = { "wc", "-c", stdin = "pipe", stdout = "pipe" }
    spawned.with(wc, function(p, pipes)
      assert(pipes.stdin:close())
      assert.equal(0, pipes.stdout:file():read("n"))
      assert.same({ "exit", 0 }, { p:wait() })
    end)
  end)

  it("are one for stdout and one for stderr", function()
    local program = "echo out; echo err >&2"
    local options = { "sh", "-c", program, stdout = "pipe", stderr = "pipe" }
    spawned.with(options, function(_, pipes)
      assert.equal("out\n", pipes.stdout:file():read("a"))
      assert.equal("err\n", pipes.stderr:file():read("a"))
    end)
  end)

  it("can be read as they fill, both at the same time", function()
    need("cqueues")
    local cqueues = require "cqueues"
    local socket = require "cqueues.socket"
    local program = "for i in 1 2 3 4 5 6 7 8; do"
      .. " head -c 100000 /dev/zero; head -c 100000 /dev/zero >&2; done"
    local options = { "sh", "-c", program, stdout = "pipe", stderr = "pipe" }
    spawned.with(options, function(_, pipes)
      local loop = cqueues.new()
      local length = {}
      for name, pipe in pairs(pipes) do
        loop:wrap(function()
          local stream = socket.fdopen(pipe:release())
          length[name] = #stream:xread("*a", "b")
          stream:close()
        end)
      end
      assert(loop:loop())
      assert.same({ stdout = 800000, stderr = 800000 }, length)
    end)
  end)

  it("lead from one child to the next", function()
    local words = { "printf", "b\\na\\nb\\n", stdout = "pipe" }
    spawned.with(words, function(_, pipes)
      local first = pipes.stdout
      local sort = { "sort", "-u", stdin = first, stdout = "pipe" }
      spawned.with(sort, function(p, others)
        first:close()
        assert.equal("a\nb\n", others.stdout:file():read("a"))
        assert.same({ "exit", 0 }, { p:wait() })
      end)
    end)
  end)

  it("end with EPIPE when the child is gone", function()
    need("cqueues")
    local cqueues = require "cqueues"
    local socket = require "cqueues.socket"
    spawned.with({ "true", stdin = "pipe" }, function(p, pipes)
      local errno
      p:wait()
      assert(cqueues.new():wrap(function()
        local writer = socket.fdopen(pipes.stdin:release())
        writer:onerror(function(_, _, code)
          return code
        end)
        errno = select(2, writer:xwrite("hello", "bn"))
        writer:close()
      end):loop())
      assert.equal(pidfd.errno.EPIPE, errno)
    end)
  end)
end)
