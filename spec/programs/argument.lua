-- What an argument says in Lua: a function that returns the value of this
-- expression, in which these names can be used.

return function(expression, names)
  local environment = setmetatable(names or {}, { __index = _G })
  return assert(load("return " .. expression, "=argument", "t", environment))
end
