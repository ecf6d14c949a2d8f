-- Makes a call again and again, where descriptors are few: see
-- spec/support/scarce.lua. The arguments: whether pidfds are "kept"; what
-- prepares the call, and the call, an expression.

local pidfd = require "pidfd"

local is_kept, prepare, call = arg[1] == "kept", arg[2], arg[3]
local make = assert(load("local pidfd = require 'pidfd'\n" .. prepare ..
  "\nreturn function() return " .. call .. " end"))()

collectgarbage("stop")
local kept = {}
for i = 1, 100 do
  kept[is_kept and i or 0] = pidfd.self()
  local result, _, code = make()
  if not result then
    print(pidfd.errno[code])
    os.exit(1, true)
  end
end
print("returns")
os.exit(kept ~= nil, true)
