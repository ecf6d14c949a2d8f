local child = require "spec.support.child"
local kernel = require "spec.support.kernel"
local need = require "spec.support.need"
local partner = require "spec.support.partner"
local pidfd = require "pidfd"
local script = require "spec.support.script"

local EXAMPLE = "examples/notify.lua"

local function need_example()
  need("socket.unix")
  kernel.need(6, 9, "SO_PASSPIDFD, and pidfds that can be compared")
end

local function need_systemd()
  need_example()
  if not os.execute("command -v systemd-notify >/dev/null") then
    pending("needs systemd-notify")
  end
end

-- Run the example with a shell as the service. Returns what script.run does.
local function serve(service, ...)
  return script.run(EXAMPLE, "sh", "-c", service, "sh", ...)
end

-- A program that says 'arg[1]' to a socket, that of the service unless 'arg[3]'
-- is its path, with so many descriptors as 'arg[2]' tells.
local SAY = [[
  local say = require "spec.programs.notify"
  local descriptors = {}
  for i = 1, tonumber(arg[2]) do
    descriptors[i] = 0
  end
  say(arg[3] or os.getenv("NOTIFY_SOCKET"), arg[1], descriptors)
]]

-- A shell command that says this to the service's socket.
local function saying(text, descriptors)
  return script.command(SAY, text, descriptors or 0)
end

describe("examples/notify.lua", function()
  it("tells what a real systemd-notify says", function()
    need_systemd()
    local output, errors, how, code = serve([[
      systemd-notify --status="up and running"
      systemd-notify --ready
      systemd-notify STOPPING=1
      exit 3
    ]])
    assert.equal("", errors)
    assert.equal("status: up and running\nready\nstopping\nended: exit 3\n",
      output)
    assert.same({ "exit", 3 }, { how, code })
  end)

  it("refuses what another process says", function()
    need_systemd()
    local service = "echo $NOTIFY_SOCKET; read x; systemd-notify --ready"
    local command = script.command(EXAMPLE, "sh", "-c", service)
    partner.with("exec 2>&1; exec " .. command, function(example)
      local path = example.hear()
      local socket = assert(require("socket.unix").dgram())
      assert(socket:connect(path))
      for _, forged in ipairs { "READY=1", "MAINPID=1", "STATUS=forged\n" } do
        assert(pidfd.send(socket, forged))
        assert.matches(("^notify: refused: a message of pidfd %%(pid %d, ")
          :format(child.self()), example.hear())
      end
      socket:close()
      example.tell("go on")
      assert.equal("ready", example.hear())
      assert.equal("ended: exit 0", example.hear())
      assert.same({ "exit", 0 }, { example.p:wait(60) })
      assert.is_nil(io.open(path))
    end)
  end)

  it("refuses what another process would have stored, and closes it",
    function()
      need_example()
      local service = "echo $NOTIFY_SOCKET; read x"
      local command = script.command(EXAMPLE, "sh", "-c", service)
      partner.with("exec 2>&1; exec " .. command, function(example)
        -- it ends only when its descriptor has been closed
        script.run(SAY, "FDSTORE=1", 1, example.hear())
        assert.matches("^notify: refused: ", example.hear())
        assert.matches("^notify: refused: ", example.hear())
        example.tell("go on")
        assert.equal("ended: exit 0", example.hear())
        -- it would leave its socket if it were killed
        assert.same({ "exit", 0 }, { example.p:wait(60) })
      end)
    end)

  it("takes what a descendant says", function()
    need_example()
    local output, errors = serve([[sh -c "$1; true"; true]],
      saying("READY=1\nUNKNOWN=x\n"))
    assert.equal("", errors)
    assert.equal("ready\nended: exit 0\n", output)
  end)

  it("takes another main process, if it is of the service", function()
    need_systemd()
    kernel.need(6, 15, "the end of a process that is no child")
    local output, errors, how, code = serve([[
      sh -c "systemd-notify --pid=\$\$; kill -USR1 \$\$" & wait; read x
    ]])
    assert.equal("", errors)
    assert.matches("^main process: %d+\nended: signal 10\n$", output)
    assert.same({ "exit", 138 }, { how, code })
  end)

  it("refuses a main process that is not of the service", function()
    need_example()
    for _, pid in ipairs { child.self(), 1, 0, -1, 2 ^ 31, "x", "" } do
      local output, errors = serve([[sh -c "$1"; true]],
        saying(("MAINPID=%s\nREADY=1"):format(pid)))
      assert.matches("^notify: refused: MAINPID=", errors)
      assert.equal("ready\nended: exit 0\n", output)
    end
  end)

  it("gives what was stored to the service that it starts again", function()
    need_example()
    local program = [[
      local pidfd = require "pidfd"
      local say = require "spec.programs.notify"
      if os.getenv("LISTEN_FDS") then
        local self = pidfd.self()
        print(os.getenv("LISTEN_FDS"), os.getenv("LISTEN_FDNAMES"))
        print(tonumber(os.getenv("LISTEN_PID")) == self:pid())
        local file = self:getfd(3):file()
        file:seek("set")
        print(file:read("a"))
        print(pidfd.adopt(4):pid() == tonumber(arg[1]))
        os.exit(0, true)
      end
      local file = io.tmpfile()
      file:write("kept")
      file:flush()
      say(os.getenv("NOTIFY_SOCKET"), "FDSTORE=1\nFDNAME=state",
        { file, pidfd.open(tonumber(arg[1])) })
      os.exit(4)
    ]]
    local service = "exec " .. script.command(program, child.self())
    local output, errors, how, code = script.run(EXAMPLE, "-r", 1, "sh", "-c",
      service)
    assert.equal("", errors)
    assert.equal(table.concat({
      "stored state: pidfd.fd", "stored state: pidfd", "ended: exit 4",
      "2\tstate:state", "true", "kept", "true", "ended: exit 0", "",
    }, "\n"), output)
    assert.same({ "exit", 0 }, { how, code })
  end)

  it("removes what was stored, by its name", function()
    need_example()
    local output, errors, _, code = script.run(EXAMPLE, "-r", 1, "sh", "-c", [[
      test -z "$LISTEN_FDS" || exit 5
      eval "$1"; eval "$2"; exit 4]], "sh",
      saying("FDSTORE=1\nFDNAME=a:b", 2),
      saying("FDSTOREREMOVE=1\nFDNAME=stored"))
    assert.equal("", errors)
    assert.equal(("stored stored: pidfd.fd\n"):rep(2)
      .. ("removed stored\n"):rep(2) .. "ended: exit 4\n"
      .. ("stored stored: pidfd.fd\n"):rep(2)
      .. ("removed stored\n"):rep(2) .. "ended: exit 4\n", output)
    assert.equal(4, code)
  end)

  it("ends as the service does", function()
    need_example()
    for service, status in pairs {
      ["exit 0"] = 0, ["exit 7"] = 7, ["kill -KILL $$"] = 137,
      ["exec /nowhere"] = 127, ["exec /"] = 126,
    } do
      assert.equal(status, select(4, serve(service)))
    end
    local _, errors, _, code = script.run(EXAMPLE, "/nowhere/command")
    assert.matches("not found", errors)
    assert.equal(127, code)
  end)

  it("ends the service, and removes the socket, after Ctrl-C", function()
    need_example()
    local command = script.command(EXAMPLE, "sh", "-c",
      "echo $NOTIFY_SOCKET; exec sleep 60")
    partner.with("exec 2>/dev/null; exec " .. command, function(example)
      local path = example.hear()
      assert(example.p:send_signal("INT"))
      assert.same({ "exit", 125 }, { example.p:wait(60) })
      assert.is_nil(example.hear())
      assert.equal(0, #assert(io.popen("ls " .. path .. " 2>/dev/null"))
        :read("a"))
    end)
  end)

  it("explains itself", function()
    need("socket.unix")
    local output, errors, how, code = script.run(EXAMPLE, "--help")
    assert.matches("^usage: ", output)
    assert.same({ "", "exit", 0 }, { errors, how, code })
    for _, arguments in ipairs {
      {}, { "-r" }, { "-r", "x", "true" }, { "-r", "-1", "true" },
      { "-r", "1" },
    } do
      output, errors, how, code = script.run(EXAMPLE, table.unpack(arguments))
      assert.matches("^usage: ", errors)
      assert.same({ "", "exit", 2 }, { output, how, code })
    end
  end)
end)
