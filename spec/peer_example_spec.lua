local child = require "spec.support.child"
local kernel = require "spec.support.kernel"
local need = require "spec.support.need"
local read = require "spec.support.read"
local run = require "spec.support.run"
local script = require "spec.support.script"

local EXAMPLE = "examples/peer.lua"

local CLIENT = [[
  local socket = assert(require("socket.unix").stream())
  assert(socket:connect(arg[1]))
  print(socket:receive())
]]

local function new_path()
  local path = os.tmpname()
  os.remove(path)
  return path
end

local function exists(path)
  return os.execute("test -e " .. path) == true
end

-- Lend the server's pidfd, and the path of its socket.
local function serving(use, program)
  need("socket.unix")
  local path = new_path()
  local command = "exec " .. script.command(program or EXAMPLE, path)
  child.ready({ "sh", "-c", command, stderr = "null" }, function(p, said)
    assert.equal("listening on " .. path, said)
    use(p, path)
  end)
  os.remove(path)
end

-- The example, but with this done when it asks who a client is.
local function example_where(asking)
  return ("require('pidfd').peer = function() %s end "):format(asking) ..
    read(EXAMPLE)
end

describe("examples/peer.lua", function()
  it("greets each client as the process that it is", function()
    kernel.need(6, 5, "SO_PEERPIDFD")
    serving(function(_, path)
      local socket = assert(require("socket.unix").stream())
      assert(socket:connect(path))
      local greeting = assert(socket:receive())
      socket:close()
      local pid, name, user = greeting:match(
        "^Hello, process (%d+), (.+), of user (%d+)%.$")
      assert.equal(child.self(), math.tointeger(pid))
      assert.matches("^lua", name)
      assert.equal(run.user(), math.tointeger(user))
      local another = script.run(CLIENT, path)
      assert.matches("^Hello, process %d+, .+, of user " .. user, another)
      assert.not_equal(pid, another:match("%d+"))
    end)
  end)

  it("tells a client why it cannot know it", function()
    kernel.need_before(6, 5)
    serving(function(_, path)
      assert.matches("^Who are you%? peer %d+: ",
        (script.run(CLIENT, path)))
    end)
  end)

  it("goes on where a client does not stay", function()
    serving(function(_, path)
      for _ = 1, 3 do
        local socket = assert(require("socket.unix").stream())
        assert(socket:connect(path))
        socket:close()
      end
      assert.matches("^%u.+\n$", (script.run(CLIENT, path)))
    end)
  end)

  it("removes its socket after Ctrl-C", function()
    serving(function(p, path)
      assert.is_true(exists(path))
      p:send_signal("INT")
      assert.same({ "exit", 0 }, { p:wait(60) })
      assert.is_false(exists(path))
    end)
  end)

  it("replaces the socket of a server that was killed", function()
    serving(function(p, path)
      p:send_signal("KILL")
      p:wait()
      assert.is_true(exists(path))
      local command = "exec " .. script.command(EXAMPLE, path)
      child.ready({ "sh", "-c", command }, function(_, said)
        assert.equal("listening on " .. path, said)
      end)
    end)
  end)

  it("replaces no server that runs, and no other file", function()
    serving(function(_, path)
      local _, errors, how, code = script.run(EXAMPLE, path)
      assert.matches("^peer: address already in use", errors)
      assert.same({ "exit", 1 }, { how, code })
      assert.matches("^%u.+\n$", (script.run(CLIENT, path)))
    end)
    local file = os.tmpname()
    local _, _, how, code = script.run(EXAMPLE, file)
    assert.same({ "exit", 1 }, { how, code })
    assert.is_true(exists(file))
    os.remove(file)
  end)

  local function assert_ends_at_a_client(code, program)
    serving(function(p, path)
      script.run(CLIENT, path)
      assert.same({ "exit", code }, { p:wait(60) })
      assert.is_false(exists(path))
    end, program)
  end

  it("notices Ctrl-C while it looks at a client, too", function()
    assert_ends_at_a_client(0, example_where [[
      require("pidfd").self():send_signal("INT")
      return nil, "not interrupted"
    ]])
  end)

  it("removes its socket when it fails, and says so", function()
    assert_ends_at_a_client(1, example_where [[error("failed", 0)]])
  end)

  it("complains where it cannot listen, and removes nothing", function()
    need("socket.unix")
    local path = os.tmpname()
    local output, errors, how, code = script.run(EXAMPLE, path)
    assert.equal("", output)
    assert.matches("^peer: .", errors)
    assert.same({ "exit", 1 }, { how, code })
    assert.is_true(exists(path))
    os.remove(path)
  end)

  it("explains itself if called with the wrong arguments", function()
    need("socket")
    for _, arguments in ipairs { {}, { "one", "two" } } do
      local _, errors, how, code = script.run(EXAMPLE,
        table.unpack(arguments))
      assert.matches("^usage: ", errors)
      assert.same({ "exit", 2 }, { how, code })
    end
  end)
end)
