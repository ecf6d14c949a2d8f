-- A table of few elements, and holes, which Lua takes for a list of 2^n.

local pending = require "spec.support.pending"

return function(n, element)
  local fields = {}
  for i = 0, n do
    table.insert(fields, ("[%d] = element"):format(2 ^ i))
  end
  -- in one constructor, or they would be arranged in another way
  local list = load("local element = ... return { " ..
    table.concat(fields, ", ") .. " }")(element)
  if #list ~= 2 ^ n then
    pending(("%s has no lists of 2^%d"):format(_VERSION, n))
  end
  return list
end
