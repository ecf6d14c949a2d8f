local fds = require "spec.support.fds"
local pidfd = require "pidfd"
local sorted = require "spec.support.sorted"

describe("a stranger", function()
  local p = assert(pidfd.self())
  local fd = assert(p:getfd(p:fileno()))
  local handles = { ["pidfd"] = p, ["pidfd.fd"] = fd }

  local strangers = {
    ["nil"] = { nil },
    ["a number"] = { 1 },
    ["a string"] = { "pidfd" },
    ["true"] = { true },
    ["a table"] = { {} },
    ["a table with the same methods"] = {
      setmetatable({}, { __index = getmetatable(p).__index }),
    },
    ["a function"] = { print },
    ["a coroutine"] = { coroutine.create(print) },
    ["a file"] = { io.stdout },
  }

  for typename, handle in sorted(handles) do
    local metatable = getmetatable(handle)
    local functions = {}
    for _, list in ipairs { metatable, metatable.__index } do
      for name, value in pairs(list) do
        functions[name] = (type(value) == "function") and value or nil
      end
    end

    functions.__eq = nil -- which answers: they are not equal
    for method, call in sorted(functions) do
      for name, stranger in sorted(strangers) do
        local value = stranger[1]
        it(("is refused by %s of a %s: %s"):format(method, typename, name),
          function()
            assert.error_matches(function() call(value, 0) end, "bad argument")
            assert.error_matches(function() call(value) end, "bad argument")
          end)
      end

      it(("is refused by %s of a %s: nothing"):format(method, typename),
        function()
          assert.error_matches(function() call() end, "bad argument")
        end)
    end
  end

  -- Those that both types have.
  local shared = { close = true, release = true, fileno = true, dup = true,
                   pollfd = true, getfd = true, events = true, timeout = true,
                   dirty = true }

  for typename, handle in sorted(handles) do
    local other = (typename == "pidfd") and fd or p
    for method, call in sorted(getmetatable(handle).__index) do
      if not shared[method] then
        local name = "is refused by %s of a %s: the other type"
        it(name:format(method, typename), function()
          assert.error_matches(function() call(other) end,
            typename .. " expected")
        end)
      end
    end
  end

  it("is as it was: the file is open", function()
    assert.equal("file", io.type(io.stdout))
    assert.is_true(fds.is_open(1))
  end)
end)
