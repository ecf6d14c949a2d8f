-- Adds to a table for pidfd.spawn() the options that the last argument says:
-- "gid = 7, nnp = true".

local argument = require "spec.programs.argument"

return function(list)
  for name, value in pairs(argument("{ " .. arg[#arg] .. " }")()) do
    list[name] = value
  end
  return list
end
