-- Times to wait: those that are refused, and those that are long enough.

return {
  wrong = {
    { name = "NaN", value = 0 / 0 },
    { name = "-1", value = -1 },
    { name = "-0.001", value = -0.001 },
    { name = "-math.huge", value = -math.huge },
    { name = "the smallest integer", value = math.mininteger },
    { name = "a string", value = "0" },
    { name = "true", value = true },
    { name = "false", value = false },
    { name = "a table", value = {} },
    { name = "a file", value = io.stdout },
  },
  long = {
    { name = "60", value = 60 },
    { name = "60.5", value = 60.5 },
    { name = "math.huge", value = math.huge },
    { name = "the largest integer", value = math.maxinteger },
  },
}
