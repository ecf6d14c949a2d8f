-- What calls.lua and ffi.lua have in common: the answers that run.lua
-- wants from each program. os.clock is the processor's time. A measure that
-- has a clock of its own returns nanoseconds.

return function(title, measures)
  local name, count = arg[1], tonumber(arg[2])
  if not name then
    print(title)
    for each in pairs(measures) do
      print(each)
    end
    return
  end
  local run = measures[name]
  run(count / 10) -- warm up
  local start = os.clock()
  local nanoseconds = run(count)
  print(nanoseconds or (os.clock() - start) / count * 1e9)
end
