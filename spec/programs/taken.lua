-- For a program that has all descriptors up to number 63 in use, or has only
-- used them up: the collector comes only when it is called. All are of the
-- process of 'p'. Returns what is in use: a list of pidfds, or none.

return function(p, in_use)
  local list = {}
  collectgarbage("stop")
  repeat
    local o = assert(p:dup())
    table.insert(list, in_use and o or nil)
  until o:fileno() == 63
  return list
end
