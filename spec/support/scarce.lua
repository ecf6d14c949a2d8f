-- A call where descriptors are few, and the collector comes only when it is
-- called. Both functions take two pieces of Lua code: one that prepares, and
-- one that makes the call, an expression.

local run = require "spec.support.run"

local scarce = {}

local PROGRAM = [[
  local pidfd = require "pidfd"
  %s
  collectgarbage("stop")
  local kept = {}
  for i = 1, 100 do
    kept[i * %d] = pidfd.self()
    local result, _, code = %s
    if not result then
      print(pidfd.errno[code])
      os.exit(1, true)
    end
  end
  print("returns")
  os.exit(true, true)
]]

local function run_few(prepare, call, keep)
  local program = PROGRAM:format(prepare, keep, call)
  return run.with_descriptors(24, program):match("^(.*)\n$")
end

-- With pidfds around that are garbage: "returns", or the name of an errno.
function scarce.with_garbage(prepare, call)
  return run_few(prepare, call, 0)
end

-- With all descriptors in use.
function scarce.without_garbage(prepare, call)
  return run_few(prepare, call, 1)
end

return scarce
