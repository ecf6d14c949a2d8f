local child = require "spec.support.child"
local has = require "spec.support.has"
local language = require "spec.support.language"
local need = require "spec.support.need"
local pidfd = require "pidfd"
local sorted = require "spec.support.sorted"
local waits = require "spec.support.waits"

describe("a pidfd in an event loop", function()
  local p

  before_each(function()
    p = assert(pidfd.self())
  end)

  after_each(function()
    p:close()
  end)

  it("returns its own number from p:pollfd()", function()
    assert.equal(p:fileno(), p:pollfd())
  end)

  it("returns its own number from p:getfd()", function()
    assert.equal(p:fileno(), p:getfd())
  end)

  it("returns 'r' from p:events()", function()
    assert.equal("r", p:events())
  end)

  it("returns nil from p:timeout()", function()
    assert.same({ n = 1 }, table.pack(p:timeout()))
  end)

  it("returns false from p:dirty()", function()
    assert.is_false(p:dirty())
  end)

  for _, method in ipairs {
    "pollfd", "getfd", "events", "timeout", "dirty",
  } do
    it("raises from p:" .. method .. "() when it is closed", function()
      p:close()
      assert.error_matches(function()
        p[method](p)
      end, "closed")
    end)
  end

  for library, wait in sorted(waits) do
    it("wakes " .. library .. " when the process ends, not before", function()
      if not has(library) then
        pending("needs " .. library)
      end
      child.with(function(q)
        assert.is_false(wait(q, 0.02))
        assert(q:send_signal("KILL"))
        assert.is_true(wait(q, 10))
      end)
    end)
  end
end)

describe("cqueues.cancel()", function()
  it("lets the next pidfd with the same number wake the loop", function()
    language.need("yields across pcall")
    need("cqueues")
    local cqueues = require "cqueues"
    collectgarbage() -- no lower number is given back meanwhile
    local loop = cqueues.new():wrap(function()
      child.with(function(p, pid)
        local number = p:fileno()
        assert.is_false(cqueues.poll(p, 0.02) == p)
        cqueues.cancel(p)
        p:close()
        local q = assert(pidfd.open(pid))
        assert.equal(number, q:fileno())
        q:send_signal("KILL")
        assert.equal(q, cqueues.poll(q, 60))
        cqueues.cancel(q)
        q:close()
      end)
    end)
    assert(loop:loop())
  end)
end)
