-- Makes a call that fails, and prints the name of the errno, and the message:
-- see spec/support/elsewhere.lua. The last two arguments are expressions: what
-- makes the pidfd 'p', and the call.

local pidfd = require "pidfd"

local program = "local pidfd = require 'pidfd'\nlocal p = assert(" ..
  arg[#arg - 1] .. ")\nreturn " .. arg[#arg]
local result, message, code = assert(load(program))()
print(result == nil and pidfd.errno[code] or "returns", message)
