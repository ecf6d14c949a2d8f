-- Prints what a call says: the message of its failure, or its error. The call
-- is an expression, in which 'pidfd' and what is in a table are names.

local pidfd = require "pidfd"

return function(call, names)
  names = names or {}
  names.pidfd = pidfd
  setmetatable(names, { __index = _G })
  -- no tail call, or Lua would not know the name of the function
  local code = ("local a, b = %s return a, b"):format(call)
  local ok, result, message = pcall(assert(load(code, "=row", "t", names)))
  print(ok and message or (result:gsub("^row:%d+: ", "")))
end
