local child = require "spec.support.child"
local fails = require "spec.support.fails"
local pidfd = require "pidfd"
local stream = require "spec.support.stream"

-- Debian 12 has it for two versions of Lua, but it works in all.
local function find_copas()
  local path = package.path
  package.path = path .. ";/usr/share/lua/5.2/?.lua"
  local found, copas = pcall(require, "copas")
  package.path = path
  return found and copas
end

describe("p:receive()", function()
  it("returns nil and 'timeout' while the process runs", function()
    child.with(function(p)
      assert.same({ nil, "timeout", n = 2 }, table.pack(p:receive("*l", "")))
      assert(p:send_signal("KILL"))
      assert(p:poll())
      assert.same({ "signal", 9, n = 2 }, table.pack(p:receive()))
      assert.same({ "signal", 9, n = 2 }, table.pack(p:receive()))
    end)
  end)

  it("fails with EDEADLK for this process", function()
    local p = assert(pidfd.self())
    fails("receive", "EDEADLK", p:receive())
    p:close()
  end)

  it("raises when it is closed, and of a pidfd.fd", function()
    local p = assert(pidfd.self())
    local receive = p.receive
    p:close()
    assert.error_matches(function() p:receive() end, "closed")
    stream.with("pipe", function(input)
      assert.error_matches(function() receive(input) end, "pidfd expected")
    end)
  end)

  -- The other thread shows that nothing is blocked meanwhile.
  it("lets Copas go on until the process ends", function()
    local copas = find_copas()
    if not copas then
      pending("needs Copas")
    end
    child.with(function(p)
      local told = {}
      copas.addthread(function()
        table.insert(told, table.concat({ copas.receive(p) }, " "))
      end)
      copas.addthread(function()
        table.insert(told, "goes on")
        p:send_signal("TERM")
      end)
      for _ = 1, 300 do
        copas.step(0.1)
        if told[2] then
          break
        end
      end
      assert.same({ "goes on", "signal 15" }, told)
    end)
  end)
end)
