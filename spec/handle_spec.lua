local fails = require "spec.support.fails"
local fds = require "spec.support.fds"
local kernel = require "spec.support.kernel"
local language = require "spec.support.language"
local pidfd = require "pidfd"
local run = require "spec.support.run"
local script = require "spec.support.script"
local sorted = require "spec.support.sorted"

describe("a handle", function()
  it("is born closed: one that failed closes nothing", function()
    fds.with_file(function(file)
      for _ = 1, 100 do
        assert.is_nil(pidfd.self(0x40000000))
      end
      collectgarbage()
      assert(file:write("still open"))
      assert(file:flush())
    end)
  end)

  -- What is open when the program ends, and how it ends.
  local endings = {
    ["in a global"] = [[
      local ending = require "spec.programs.ending"
      _G.p, _G.fd = ending.make()
    ]],
    ["in a local"] = [[
      local ending = require "spec.programs.ending"
      local p, fd = ending.make()
      assert(p and fd)
    ]],
    ["in an upvalue"] = [[
      local ending = require "spec.programs.ending"
      local p, fd = ending.make()
      function ending.keep() return p, fd end
    ]],
    ["in a cycle"] = [[
      local ending = require "spec.programs.ending"
      local t = { ending.make() }
      t[3] = t
      ending.keep = setmetatable({}, { __index = t, __gc = function() end })
    ]],
    ["in a coroutine"] = [[
      local ending = require "spec.programs.ending"
      ending.keep = coroutine.wrap(function()
        local p, fd = ending.make()
        coroutine.yield()
        return p, fd
      end)
      ending.keep()
    ]],
    ["to be closed in a coroutine"] = [[
      local ending = require "spec.programs.ending"
      ending.keep = coroutine.wrap(function()
        local p <close> = ending.make()
        coroutine.yield(p)
      end)
      ending.keep()
    ]],
    ["and os.exit(0, true) is called"] = [[
      local ending = require "spec.programs.ending"
      local p, fd = ending.make()
      os.exit(p and fd and 0, true)
    ]],
    ["in a scope, and os.exit(0, true) is called"] = [[
      local ending = require "spec.programs.ending"
      local p <close> = ending.make()
      os.exit(p and 0, true)
    ]],
    ["and os.exit(0) is called"] = [[
      local ending = require "spec.programs.ending"
      local p, fd = ending.make()
      os.exit(p and fd and 0)
    ]],
    ["and a finalizer that runs earlier uses it"] = [[
      local ending = require "spec.programs.ending"
      local p, fd = ending.make()
      ending.keep = setmetatable({}, { __gc = function()
        assert(p:pid() and p:fileno() and fd:dup())
        assert(p:close() and fd:close())
      end })
    ]],
    ["and a finalizer that runs later uses it"] = [[
      local ending = require "spec.programs.ending"
      local list = {}
      ending.keep = setmetatable({}, { __gc = function()
        assert(ending.pidfd.type(list[1]) == "closed pidfd")
        assert(tostring(list[2]) == "pidfd.fd (closed)")
        assert(list[1]:close() and not pcall(list[1].pid, list[1]))
      end })
      list[1], list[2] = ending.make()
    ]],
    ["and a finalizer makes another"] = [[
      local ending = require "spec.programs.ending"
      ending.keep = setmetatable({}, { __gc = function()
        ending.made = ending.make()
      end })
    ]],
  }

  for name, ending in sorted(endings) do
    it("may be open when Lua ends, " .. name, function()
      if ending:find("<close>", 1, true) then
        language.need("<close>")
      end
      local output, errors, how, code = script.run(ending)
      assert.equal("", output)
      assert.equal("", errors)
      assert.equal("exit 0", how .. " " .. code)
    end)
  end
end)

describe("a pidfd whose number somebody else has closed", function()
  local failing = {
    children = {}, dup = {}, fds = {}, getfd = { 0 }, id = {}, info = {},
    mrelease = {}, madvise = { "COLD", {} }, namespace = { "net" }, pid = {},
    poll = { 0 }, proc = { "comm" }, send_signal = { 0 }, setns = { "net" },
    terminate = { 0 }, token = {}, wait = { 0 },
    waitid = { pidfd.flags.WEXITED },
  }

  for name, arguments in sorted(failing) do
    it(("fails with EBADF in p:%s(), and leaves nothing"):format(name),
      function()
        if run.is_emulated() then
          pending("needs the kernel's own answers")
        elseif name == "mrelease" then
          kernel.need(5, 15, "process_mrelease")
        end
        local p = assert(pidfd.self())
        assert.equal(0, fds.leaked(function()
          local q = assert(p:dup())
          pidfd.adopt(q:fileno()):close()
          fails(name, "EBADF", q[name](q, table.unpack(arguments)))
          q:release()
        end))
        p:close()
      end)
  end
end)
