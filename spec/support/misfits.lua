-- Values that an argument must refuse which takes integers from 0 or 1 up.
-- Those that would be taken for 'valid' by a careless conversion come first.

return function(valid)
  return {
    { name = "2^32 too much", value = valid + 2 ^ 32 },
    { name = "2^32 too much, as an integer",
      value = math.tointeger(valid + 2 ^ 32) },
    { name = "2^32 too little", value = valid - 2 ^ 32 },
    { name = "a string", value = tostring(valid) },
    { name = "a fraction", value = valid + 0.5 },
    { name = "-1", value = -1 },
    { name = "the smallest integer", value = math.mininteger },
    { name = "NaN", value = 0 / 0 },
    { name = "infinity", value = math.huge },
    { name = "true", value = true },
    { name = "false", value = false },
    { name = "a table", value = {} },
    { name = "a function", value = print },
    { name = "a file", value = io.stdout },
  }
end
