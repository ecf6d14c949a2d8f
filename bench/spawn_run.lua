-- The part of run.lua about starting programs: what it costs to start
-- /bin/true and to wait for its end, in a process with so much memory, by
-- the monotonic clock; and what is left of very many children.
--
-- There is one program per language. With METHOD COUNT MIB it fills as much
-- memory, warms up, measures COUNT times, and prints nanoseconds per time.

local ROUNDS, COUNT = 11, 20
local HEAPS = { 0, 256, 1024 } -- MiB
local SMALL, LARGE = HEAPS[1], HEAPS[#HEAPS]
local COST_AIM, GROWTH_AIM = 1.05, 1.10

local bench = arg[0]:match("^.*/") or "./"
local build = os.getenv("BUILD") or bench .. "../build"
local C = build .. "/bench/spawn "
local LUA = arg[-1] .. " " .. bench .. "spawn.lua "
local GROWTH = arg[-1] .. " " .. bench .. "spawn_growth.lua"
local PYTHON = "python3 " .. bench .. "spawn.py "

-- The others are compared with the first.
local OURS = { title = "pidfd.spawn", command = LUA .. "pidfd" }
local ways = {
  { title = "C: posix_spawn", command = C .. "posix_spawn" },
  OURS,
  { title = "C: fork, exec", command = C .. "fork" },
  { title = "luv: uv.spawn", command = LUA .. "luv" },
  { title = "os.execute", command = LUA .. "execute" },
  { title = "io.popen", command = LUA .. "popen" },
  { title = "Python: Popen", command = PYTHON .. "Popen" },
}

-- What spawn_growth.lua prints, line by line.
local growth = {
  { title = "more descriptors after 10,000 children", aim = 0 },
  { title = "children left", aim = 0 },
  { title = "more bytes of Lua memory in use", aim = 0 },
  { title = "more KiB of resident memory", aim = 64 },
}

return function(run, median, verdict)
  local function prepare(way)
    way.times, way.costs, way.growths = {}, {}, {}
    for _, heap in ipairs(HEAPS) do
      way.times[heap] = {}
    end
  end

  -- Returns what it took with the small heap.
  local function round(way, base)
    local times = {}
    for _, heap in ipairs(HEAPS) do
      local command = ("%s %d %d"):format(way.command, COUNT, heap)
      times[heap] = tonumber(run(command)[1])
      table.insert(way.times[heap], times[heap])
    end
    table.insert(way.costs, times[SMALL] / (base or times[SMALL]))
    table.insert(way.growths, times[LARGE] / times[SMALL])
    return times[SMALL]
  end

  local function measure()
    for _, way in ipairs(ways) do
      prepare(way)
    end
    for _ = 1, ROUNDS do
      local base
      for _, way in ipairs(ways) do
        local time = round(way, base)
        base = base or time
      end
    end
  end

  local function print_header()
    print(("\nTo start a program and wait for it, in microseconds of time, "
      .. "medians of %d rounds:\n"):format(ROUNDS))
    io.write(("%-16s"):format(""))
    for _, heap in ipairs(HEAPS) do
      io.write(("%9d MiB"):format(heap))
    end
    print(("%9s%9s"):format("growth", "to C"))
  end

  local function print_way(way)
    io.write(("%-16s"):format(way.title))
    for _, heap in ipairs(HEAPS) do
      io.write(("%13.0f"):format(median(way.times[heap]) / 1000))
    end
    print(("%9.2f%9.2f"):format(median(way.growths), median(way.costs)))
  end

  local function print_aim(title, ratios, aim)
    local ratio = median(ratios)
    print(("%-38s%8.2f%7.2f  %s"):format(
      title, ratio, aim, verdict(ratio <= aim)))
  end

  local function print_growth()
    local values = run(GROWTH)
    for i, line in ipairs(growth) do
      local value = tonumber(values[i])
      print(("%-38s%8.0f%7d  %s"):format(
        line.title, value, line.aim, verdict(value <= line.aim)))
    end
  end

  measure()
  print_header()
  for _, way in ipairs(ways) do
    print_way(way)
  end
  print()
  print_aim("pidfd.spawn, to posix_spawn in C", OURS.costs, COST_AIM)
  print_aim("pidfd.spawn, 1 GiB to no memory", OURS.growths, GROWTH_AIM)
  print_growth()
end
