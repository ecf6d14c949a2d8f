-- The time between clone(2) and execve(2), in which parent and child both run.

local compiled = require "spec.support.compiled"
local memories = require "spec.support.memories"
local run = require "spec.support.run"
local sorted = require "spec.support.sorted"

-- They hold the pipe on which the child reports, so that it does not close
-- when the program runs.
describe("processes that another thread forks", function()
  for kind, options in sorted(memories) do
    it("do not hold up the start of a child " .. kind, function()
      compiled.need("forker")
      local _, output = run.traced("-f -e trace=clone"
        .. " -e inject=clone:delay_exit=3000 timeout -s KILL 300", [[
        local options = require "spec.programs.options"
        local pidfd, forker = require "pidfd", require "forker"

        -- The numbers of all children, whatever thread has made them.
        local function children()
          local file = io.popen(("cat /proc/%d/task/*/children")
            :format(pidfd.self():pid()))
          local text = file:read("a")
          file:close()
          return text:gmatch("%d+")
        end

        -- How many children have an end for writing of a pipe that is not
        -- ours: so of one on which another child was to report.
        local function holders()
          local self, own, count = pidfd.self(), {}, 0
          for _, target in pairs(self:fds()) do
            own[target] = true
          end
          for pid in children() do
            local p, holds = pidfd.open(math.tointeger(tonumber(pid))), false
            for number, target in pairs(p and p:fds() or {}) do
              local info = p:proc("fdinfo/" .. number)
              holds = holds or target:find("^pipe:") and not own[target]
                and info:find("flags:%s*%d+1\n")
            end
            count = count + (holds and 1 or 0)
          end
          return count
        end

        local list = {}
        repeat -- until one was forked during a start
          assert(forker.start())
          repeat
            local p = assert(pidfd.spawn(options {
              "sleep", "600", pdeathsig = "KILL",
            }))
            table.insert(list, p)
            assert(not pidfd.spawn(options { "/nowhere" }))
          until forker.done()
        until holders() > 0
        print("started")
        for _, p in ipairs(list) do
          p:send_signal("KILL")
          assert(p:wait() == "signal")
        end
      ]], options)
      assert.equal("started\n", output)
    end)
  end
end)

describe("pidfd.spawn() in a thread that is to be cancelled", function()
  local PROGRAM = [[
    local cancel = require "cancel"
    print(cancel.run("local p, _, code = pidfd.spawn { '/nowhere', "
      .. arg[1] .. " }; return tostring(p) .. ' ' .. code"))
    print(cancel.run("local p = assert(pidfd.spawn { 'sh', '-c', 'exit 3', "
      .. arg[1] .. " }); return pidfd.type(p)"))
    -- Ours only once the thread is gone, which is later than its joining.
    local spawned = require "spec.support.spawned"
    local limit = os.time() + 30
    repeat
      local found = spawned.children() ~= ""
    until found or os.time() > limit
    print(spawned.children() ~= "")
  ]]

  for kind, options in sorted(memories) do
    for _, refused in ipairs { false, true } do
      local where = refused and ", without close_range()" or ""
      it("works, for a child " .. kind .. where, function()
        compiled.need("cancel")
        local prefix = "exec "
        if refused then -- so it opens a directory, and reads it
          prefix = prefix .. run.refusing(run.CLOSE_RANGE, "ENOSYS")
        end
        assert.equal("nil 2\t0\npidfd\t0\ntrue\n",
          (run.under(prefix, PROGRAM, options)))
      end)
    end
  end
end)
