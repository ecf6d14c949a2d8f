-- What the debug library lets a hook do: put other values in the place of those
-- that a C function has on its stack while it runs.

local function replace(level, choose, instead)
  local i, name, value = 1, debug.getlocal(level + 1, 1)
  while name do
    if choose(value) then
      debug.setlocal(level + 1, i, instead)
    end
    i = i + 1
    name, value = debug.getlocal(level + 1, i)
  end
end

-- While the function 'f' runs, replace those of its values for which 'choose'
-- returns true by 'instead'. The collector takes those that nobody has any
-- more. Returns whether 'f' runs.
return function(f, choose, instead)
  local level, runs = 1, false
  local frame = debug.getinfo(level, "f")
  while frame do
    if frame.func == f then
      runs = true
      replace(level, choose, instead)
    end
    level = level + 1
    frame = debug.getinfo(level, "f")
  end
  collectgarbage()
  collectgarbage()
  return runs
end
