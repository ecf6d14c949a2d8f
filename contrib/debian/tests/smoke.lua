-- Run with each version of Lua, when the package is built, and when it is
-- tested.

local pidfd = require "pidfd"

assert(pidfd._VERSION:find("^pidfd %d+%.%d+%.%d+$"), pidfd._VERSION)
local result = assert(pidfd.run { "echo", "it works", timeout = 60 })
assert(result.ok and result.stdout == "it works\n", tostring(result))
