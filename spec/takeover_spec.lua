local child = require "spec.support.child"
local loopback = require "spec.support.loopback"
local need = require "spec.support.need"
local nginx = require "spec.support.nginx"
local partner = require "spec.support.partner"
local script = require "spec.support.script"

local EXAMPLE = "examples/takeover.lua"

-- Asks the server at the port again and again, until it has had 100 answers
-- from nginx and then 100 from Lua, but not for ever, and not after a failure.
-- Tells when it is done with nginx, and at the end how many answers there were,
-- and what went wrong.
local CLIENT = [[
  local socket = require "socket"
  local answers = { nginx = 0, lua = 0 }

  local function ask()
    local connection, message = socket.connect("127.0.0.1", tonumber(arg[1]))
    if not connection then
      return nil, message
    end
    connection:settimeout(60)
    connection:send("GET / HTTP/1.0\r\n\r\n")
    local response, reason = connection:receive("*a")
    connection:close()
    return response and response:match("\r\n\r\n(.*)"), reason
  end

  local function ask_until_answered_by(server)
    local deadline = os.time() + 60
    repeat
      local answer, message = ask()
      if not answers[answer] then
        return answer or message or "no answer"
      end
      answers[answer] = answers[answer] + 1
    until answers[server] >= 100 or os.time() > deadline
  end

  local failure = ask_until_answered_by("nginx")
  print("goes on")
  io.stdout:flush()
  failure = failure or ask_until_answered_by("lua")
  print(answers.nginx, answers.lua, (failure or ""):sub(1, 200))
]]

-- Run the example, and call 'use' once it has seen the server end.
local function with_takeover(pid, port, use)
  local command = script.command(EXAMPLE, pid, port, "lua")
  partner.with("exec 2>&1; exec " .. command, function(example)
    local said, line = "", ""
    while line and not line:find("has ended") do
      said = said .. line .. "\n"
      line = example.hear()
    end
    assert(line, said)
    use()
  end)
end

-- Take over from the server while a client asks. Returns how many answers
-- the client had from nginx and from Lua, and its failure.
local function answers_during_takeover(pid, port)
  local answers
  partner.with("exec " .. script.command(CLIENT, port), function(client)
    assert.equal("goes on", client.hear())
    with_takeover(pid, port, function()
      answers = client.hear()
    end)
  end)
  local from_nginx, from_lua, failure = answers:match("(%d+)\t(%d+)\t(.*)")
  return tonumber(from_nginx), tonumber(from_lua), failure:match("%S.*")
end

describe("examples/takeover.lua", function()
  it("takes over from nginx without failing a connection", function()
    loopback.need()
    if not nginx.is_installed() then
      pending("needs nginx")
    end
    local port = loopback.free_port()
    nginx.with(port, function(p)
      local from_nginx, from_lua, failure =
        answers_during_takeover(p:pid(), port)
      assert.is_nil(failure)
      assert.is_true(from_nginx >= 100)
      assert.equal(100, from_lua)
      assert.is_true(p:poll(0))
    end)
  end)

  it("complains where nobody listens", function()
    loopback.need()
    local port = loopback.free_port()
    child.with(function(p, pid)
      local output, errors, how, code = script.run(EXAMPLE, pid, port)
      assert.equal("", output)
      assert.matches("does not listen on port " .. port, errors, 1, true)
      assert.same({ "exit", 1 }, { how, code })
      assert.is_false(p:poll(0))
    end)
  end)

  it("explains itself when it is called wrongly", function()
    need("socket")
    local output, errors, how, code = script.run(EXAMPLE, "nginx", "http")
    assert.equal("", output)
    assert.matches("^usage: ", errors)
    assert.same({ "exit", 2 }, { how, code })
  end)
end)
