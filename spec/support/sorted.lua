-- As pairs, but in the order of the keys, which is the same in each run:
-- numbers first, and then names.

local function is_before(a, b)
  if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then
    return a < b
  elseif type(a) ~= type(b) then
    return type(a) == "number" or type(b) ~= "number" and type(a) < type(b)
  end
  return tostring(a) < tostring(b)
end

return function(t)
  local keys = {}
  for key in pairs(t) do
    table.insert(keys, key)
  end
  table.sort(keys, is_before)
  local i = 0
  return function()
    i = i + 1
    return keys[i], t[keys[i]]
  end
end
