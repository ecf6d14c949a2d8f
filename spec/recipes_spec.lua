-- The recipes of the README, run as they are there.

local child = require "spec.support.child"
local directory = require "spec.support.directory"
local kernel = require "spec.support.kernel"
local loopback = require "spec.support.loopback"
local need = require "spec.support.need"
local partner = require "spec.support.partner"
local read = require "spec.support.read"
local reference = require "tools.reference"
local script = require "spec.support.script"
local shell = require "spec.support.shell"

local HERE = "examples/recipes/"

local function lines_of(text)
  local list = {}
  for line in text:gmatch("[^\n]+") do
    list[#list + 1] = line
  end
  return list
end

local function output_of(name, ...)
  local output, errors = script.run(HERE .. name, ...)
  return lines_of(output), errors
end

-- Listens, tells its port and its descriptor, and answers nobody.
local SERVER = [[
  local server = require("socket").bind("127.0.0.1", 0)
  print((select(2, server:getsockname())), math.tointeger(server:getfd()))
  io.stdout:flush()
  io.read()
]]

-- Start the server, and call 'use' with its pidfd, port and descriptor.
local function serving(use)
  loopback.need()
  local command = "ulimit -c 0; exec " .. script.command(SERVER)
  partner.with(command, function(server)
    local port, fd = server.hear():match("(%d+)%s+(%d+)")
    use(server.p, port, fd)
  end)
end

local function answer_at(port)
  local socket = assert(require("socket").connect("127.0.0.1", port))
  socket:settimeout(60)
  local answer = assert(socket:receive())
  socket:close()
  return answer
end

local function try_takeover(recipe)
  serving(function(p, port, fd)
    local command = script.command(HERE .. recipe, p:pid(), fd)
    partner.with("exec 2>&1; exec " .. command, function(heir)
      assert.equal("from Lua", answer_at(port))
      assert.is_nil(heir.hear())
      assert.same({ "exit", 0 }, { heir.p:wait(60) })
      assert.same({ "signal", 3 }, { p:wait(60) })
    end)
  end)
end

-- A socket that has failed to connect is of no use any more.
local function connect_once_it_listens(path, p)
  while true do
    local client = require("socket.unix")()
    if client:connect(path) then
      client:settimeout(60)
      return client
    end
    client:close()
    assert.is_false(p:poll(0.01))
  end
end

describe("the recipe", function()
  it("run.lua gives a command input, and reads its output", function()
    assert.same({ "fig", "pear" }, (output_of("run.lua")))
  end)

  it("stream.lua reads its output while it runs", function()
    assert.same({ "fig", "pear", "exit\t0" }, (output_of("stream.lua")))
  end)

  it("kill_by_pid_file.lua ends the process of that name", function()
    directory.with(function(where)
      child.with(function(p, pid)
        directory.write(where .. "/pid", pid .. "\n", 644)
        assert.same({ "signal\t15" },
          (output_of("kill_by_pid_file.lua", where .. "/pid", "sleep")))
        assert.same({ "signal", 15 }, { p:wait() })
      end)
    end)
  end)

  it("kill_by_pid_file.lua hits no stranger", function()
    directory.with(function(where)
      child.with(function(p, pid)
        directory.write(where .. "/pid", pid .. "\n", 644)
        local output, errors =
          output_of("kill_by_pid_file.lua", where .. "/pid", "server")
        assert.same({}, output)
        assert.matches("that number is another's by now", errors, 1, true)
        assert.is_false(p:poll(0))
      end)
    end)
  end)

  it("first_of_many.lua tells of the first", function()
    assert.same({ "true\texit\t0" }, (output_of("first_of_many.lua")))
  end)

  it("takeover.lua answers in place of the server", function()
    try_takeover("takeover.lua")
  end)

  it("takeover_cqueues.lua does so, too", function()
    need("cqueues")
    try_takeover("takeover_cqueues.lua")
  end)

  it("takeover_luv.lua does so, too", function()
    need("luv")
    try_takeover("takeover_luv.lua")
  end)

  it("save_deleted.lua saves a deleted file", function()
    directory.with(function(where)
      local path = where .. "/log"
      child.after(("exec 7>%s; echo precious >&7; rm %s"):format(path, path),
        function(_, pid)
          local _, errors = output_of("save_deleted.lua", pid, where)
          assert.equal("", errors)
          assert.equal("precious\n", read(where .. "/saved.7"))
        end)
    end)
  end)

  it("restart.lua starts what has died again", function()
    need("cqueues")
    directory.with(function(where)
      local command = "cd %s; echo >>log; mkdir once 2>&- && exit 7; exit 0"
      local _, errors = output_of("restart.lua", command:format(where))
      assert.equal("", errors)
      assert.equal("\n\n", read(where .. "/log"))
    end)
  end)

  it("peer.lua tells a client who it is", function()
    need("socket.unix")
    kernel.need(6, 5, "SO_PEERPIDFD")
    local path = os.tmpname()
    os.remove(path)
    partner.with("exec 2>&1; exec " .. script.command(HERE .. "peer.lua", path),
      function(server)
        local client = connect_once_it_listens(path, server.p)
        assert.matches(("^%d: %%C+$"):format(child.self()), client:receive())
        client:close()
        assert.same({ "exit", 0 }, { server.p:wait(60) })
      end)
  end)
end)

describe("the README", function()
  local examples = {}
  for _, code in ipairs(reference.examples(read("README.md"))) do
    examples[code .. "\n"] = true
  end

  for _, path in ipairs(shell.lines("ls " .. HERE .. "*.lua")) do
    local name = path:match("[^/]*$")

    it("has the recipe " .. name .. ", or a link to it", function()
      local is_linked =
        read("README.md"):find("](" .. path .. ")", 1, true) ~= nil
      assert.is_true(examples[read(path)] or is_linked)
    end)

    it("has no long recipe: " .. name, function()
      assert.is_true(#lines_of(read(path)) <= 12)
    end)
  end

  it("has at most 150 lines", function()
    local _, count = read("README.md"):gsub("\n", "")
    assert.is_true(count <= 150, count .. " lines")
  end)
end)
