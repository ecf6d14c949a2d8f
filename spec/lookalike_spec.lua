-- Userdata of another library that looks like ours, or has its memory.

local compiled = require "spec.support.compiled"
local pidfd = require "pidfd"

-- Nothing takes it for one of our objects.
local function refused(value)
  assert.is_nil(pidfd.type(value))
  local p = assert(pidfd.self())
  for _, name in ipairs { "close", "fds", "getfd", "poll", "send_signal",
    "wait" } do
    assert.error_matches(function()
      p[name](value, 0)
    end, "pidfd.* expected, got", nil, nil, name)
  end
  assert.error_matches(function()
    pidfd.poll({ value }, 0)
  end, "pidfd or pidfd%.fd expected, got")
  p:close()
end

describe("another library's userdata", function()
  local lookalike

  before_each(function()
    compiled.need("lookalike")
    lookalike = require "lookalike"
  end)

  it("is not taken for ours if its bytes are the same", function()
    local p = assert(pidfd.self())
    local copy = lookalike.copy(p)
    refused(copy)
    assert.equal("pidfd", pidfd.type(p))
    p:close()
  end)

  it("is not taken for ours if its bytes are those of a pidfd.fd", function()
    local p = assert(pidfd.self())
    local fd = assert(p:getfd(0))
    refused(lookalike.copy(fd))
    fd:close()
    p:close()
  end)

  it("is not taken for ours if it is light, and of the same address", function()
    local p = assert(pidfd.self())
    local light = lookalike.light(p)
    refused(light)
    debug.setmetatable(light, debug.getmetatable(p))
    refused(light)
    debug.setmetatable(light, nil) -- all light userdata has the same
    p:close()
  end)

  it("is not taken for ours if it has the memory of one", function()
    local size = lookalike.size(assert(pidfd.self()))
    for _ = 1, 50 do
      assert(pidfd.self())
    end
    collectgarbage()
    collectgarbage()
    local others = {}
    for i = 1, 200 do
      others[i] = lookalike.reuse(size)
    end
    for _, other in ipairs(others) do
      refused(other)
    end
  end)
end)

describe("a pidfd whose metatable the debug library has taken", function()
  it("can be waited for, but nothing is done to the process", function()
    local p = assert(pidfd.self())
    local metatable = debug.getmetatable(p)
    local getfd, poll, send_signal = p.getfd, p.poll, p.send_signal
    debug.setmetatable(p, nil)
    assert.is_false(poll(p, 0))
    assert.error_matches(function() send_signal(p, 0) end, "pidfd expected")
    assert.error_matches(function() getfd(p, 0) end, "pidfd expected")
    debug.setmetatable(p, metatable)
    p:close()
  end)
end)
