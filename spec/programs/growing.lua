-- Returns an environment that finalizers add to, again and again.

local arm = require "spec.programs.arm"

return function()
  local env, n = {}, 0
  for i = 1, 20000 do
    env["X" .. i] = "x"
  end
  arm(function()
    n = n + 1
    env["Y" .. n] = "y"
  end)
  return env
end
