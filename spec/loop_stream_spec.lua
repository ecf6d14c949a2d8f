local child = require "spec.support.child"
local has = require "spec.support.has"
local loopback = require "spec.support.loopback"
local need = require "spec.support.need"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"
local stream = require "spec.support.stream"
local waits = require "spec.support.waits"

-- By library: make a server of the number of a listening socket, and send a
-- line to the first who connects.
local greets = {
  cqueues = function(number)
    local cqueues = require "cqueues"
    local loop = cqueues.new():wrap(function()
      local server = require("cqueues.socket").fdopen(number)
      local connection = server:accept(10)
      connection:write("hello\n")
      connection:close()
      server:close()
    end)
    assert(loop:loop())
  end,

  luv = function(number)
    local uv = require "luv"
    local server = uv.new_tcp()
    assert(server:open(number))
    assert(server:listen(1, function()
      local connection = uv.new_tcp()
      assert(server:accept(connection))
      connection:write("hello\n", function()
        connection:close()
        server:close()
      end)
    end))
    uv.run()
  end,

  socket = function(number)
    local server = require("socket").tcp()
    server:setfd(number)
    assert(server:listen(1))
    server:settimeout(60)
    local connection = assert(server:accept())
    connection:send("hello\n")
    connection:close()
    server:close()
  end,
}

-- Listens, tells its socket's number and the port, and stays.
local LISTENER = [[
  local server = require("socket").bind("127.0.0.1", 0)
  local _, port = server:getsockname()
  print(math.tointeger(server:getfd()), port)
  io.stdout:close()
  require("pidfd").self():poll(60)
]]

-- Call 'use' with a socket out of another process that listens, and its port.
local function with_taken_socket(use)
  local command = "exec " .. script.command(LISTENER)
  child.ready({ "sh", "-c", command }, function(p, said)
    local number, port = said:match("(%d+)\t(%d+)")
    use(assert(p:getfd(math.tointeger(number))), port)
  end)
end

local function connect(port)
  local client = assert(require("socket").connect("127.0.0.1", port))
  client:settimeout(60)
  return client
end

describe("a pidfd.fd in an event loop", function()
  for _, kind in ipairs(stream.kinds) do
    it("tells its number and its events: " .. kind, function()
      stream.with(kind, function(input, output)
        for _, fd in ipairs { input, output } do
          assert.equal(fd:fileno(), fd:pollfd())
          assert.equal(fd:fileno(), fd:getfd())
          assert.same({ n = 1 }, table.pack(fd:timeout()))
          assert.is_false(fd:dirty())
        end
        local one_way = kind == "pipe" or kind == "fifo"
        assert.equal("r", input:events())
        assert.equal(one_way and "w" or "r", output:events())
      end)
    end)
  end

  it("has no process to take descriptors from", function()
    stream.with("pipe", function(input)
      assert.error_matches(function()
        input:getfd(0)
      end, "pidfd expected")
    end)
  end)

  for _, method in ipairs {
    "pollfd", "getfd", "events", "timeout", "dirty",
  } do
    it("raises from fd:" .. method .. "() when it is closed", function()
      stream.with("pipe", function(input)
        input:close()
        assert.error_matches(function()
          input[method](input)
        end, "closed pidfd.fd")
      end)
    end)
  end

  for library, wait in sorted(waits) do
    for _, kind in ipairs { "pipe", "socket", "master" } do
      it(("wakes %s when a %s can be read"):format(library, kind), function()
        if not has(library) then
          pending("needs " .. library)
        end
        stream.with(kind, function(input, output)
          assert.is_false(wait(input, 0.02))
          assert(output:write("hello"))
          assert.is_true(wait(input, 10))
          assert.equal("hello", input:read(9, 0))
        end)
      end)
    end
  end

  it("wakes cqueues when a pipe can be written", function()
    need("cqueues")
    stream.with("pipe", function(input, output)
      stream.fill(output)
      assert.is_false(waits.cqueues(output, 0.02))
      assert(input:read(65536, 0))
      assert.is_true(waits.cqueues(output, 10))
    end)
  end)

  it("wakes LuaSocket when a pipe can be written", function()
    need("socket")
    stream.with("pipe", function(_, output)
      local _, writable = require("socket").select(nil, { output }, 10)
      assert.equal(output, writable[1])
    end)
  end)

  it("tells LuaSocket of lines that have been read ahead", function()
    need("socket")
    stream.with("pipe", function(input, output)
      assert(output:write("one\ntwo\n"))
      local next = input:lines(0)
      assert.equal("one", next())
      assert.is_true(input:dirty())
      assert.is_true(waits.socket(input, 10))
      assert.equal("two", next())
      assert.is_false(waits.socket(input, 0.02))
    end)
  end)
end)

describe("a socket that was taken out of a process", function()
  for library, greet in sorted(greets) do
    it("serves in " .. library, function()
      loopback.need()
      if not has(library) then
        pending("needs " .. library)
      end
      with_taken_socket(function(fd, port)
        local client = connect(port)
        assert(fd:nonblock(true))
        greet(fd:release())
        assert.equal("hello", client:receive())
        client:close()
      end)
    end)
  end
end)
