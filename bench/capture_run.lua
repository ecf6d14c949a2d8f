-- The part of run.lua about running programs to their end: how many /bin/true a
-- second, and 1 GiB of output, and 1 GiB through cat and back; by the monotonic
-- clock.
--
-- There is one program per language. With WAY MEASURE COUNT it measures, and
-- prints nanoseconds. A round goes from way to way, so that a busy machine
-- slows all of them alike; a ratio is to pidfd.run, within its round.

local bench = arg[0]:match("^.*/") or "./"
local LUA = arg[-1] .. " " .. bench .. "capture.lua "
local PYTHON = "python3 " .. bench .. "capture.py "

local OURS = "pidfd.run"
local commands = {
  [OURS] = LUA .. "pidfd",
  ["io.popen"] = LUA .. "popen",
  ["luv: uv.spawn"] = LUA .. "luv",
  ["Python: run"] = PYTHON,
}

-- In the order of measuring. The aims are how many times faster we are to be.
local rows = {
  {
    title = "/bin/true", measure = "true", count = 100, rounds = 11,
    unit = "us", divisor = 1e3,
    { OURS }, { "Python: run", 1.3 }, { "luv: uv.spawn" }, { "io.popen", 1.0 },
  },
  {
    title = "1 GiB of output", measure = "out", count = 1024, rounds = 5,
    unit = "ms", divisor = 1e6,
    { OURS }, { "Python: run", 1.0 }, { "luv: uv.spawn" }, { "io.popen", 1.0 },
  },
  {
    title = "1 GiB through cat", measure = "both", count = 1024, rounds = 5,
    unit = "ms", divisor = 1e6,
    { OURS }, { "Python: run", 1.0 }, { "luv: uv.spawn" },
  },
}

return function(run, median, verdict)
  local function measure(row, way)
    local command = ("%s %s %d"):format(commands[way], row.measure, row.count)
    return tonumber(run(command)[1])
  end

  local function round(row)
    local ours
    for _, way in ipairs(row) do
      local time = measure(row, way[1])
      ours = ours or time
      table.insert(way.times, time)
      table.insert(way.ratios, time / ours)
    end
  end

  local function print_way(row, way)
    local ratio, aim = median(way.ratios), way[2]
    print(("  %-20s%10.0f %s%8.2f%7s  %s"):format(way[1],
      median(way.times) / row.divisor, row.unit, ratio,
      aim and ("%.2f"):format(aim) or "",
      aim and verdict(ratio >= aim) or ""))
  end

  print("\nTo run a program to its end, and have its output; how many times as "
    .. "long\nas with pidfd.run:")
  for _, row in ipairs(rows) do
    for _, way in ipairs(row) do
      way.times, way.ratios = {}, {}
    end
    for _ = 1, row.rounds do
      round(row)
    end
    print(("\n%s, medians of %d rounds:"):format(row.title, row.rounds))
    for _, way in ipairs(row) do
      print_way(row, way)
    end
  end
end
