-- Measures the module against the same system calls in a loop in C, against
-- the smallest honest Lua binding (floor.c), and against LuaJIT's FFI and
-- Python where they are installed. A missed aim is shown as such, and is no
-- failure.
--
--   lua5.4 bench/run.lua    with build/bench/raw, and "pidfd" and "floor" on
--                           the cpath
--
-- There is one program per language. Without arguments it prints what it
-- is and then, one a line, the names of the measures that it knows. With
-- NAME COUNT it warms up, measures COUNT times, and prints nanoseconds per
-- time. A measure is one function in each program, and one row here.
--
-- The clock is the process's CPU time, user and system, in every language:
-- Lua has no better one, and none of these calls sleeps. Only "wait" does,
-- and takes the median of COUNT times by the monotonic clock: from the last
-- act of a child to the return of its parent's wait. Neither the start of a
-- program is measured nor what it prepares while it warms up. A round goes
-- from language to language, so that a busy machine slows all of them alike,
-- and a ratio is taken within its round. The collector is part of what Lua
-- costs: nothing is done about it.

local ROUNDS = 31
local MANY = 10000 -- pidfds

-- The aim is a ratio to the floor; where the floor cannot do it, to C.
local rows = {
  { name = "open", title = "open + close", count = 6000, aim = 1.03 },
  { name = "getfd", title = "getfd + close", count = 15000, aim = 1.03 },
  { name = "send_signal", title = "send_signal(0)", count = 30000, aim = 1.03 },
  { name = "poll", title = "poll(0)", count = 40000, aim = 1.03 },
  { name = "wait", title = "wait", count = 30, aim = 1.10 },
}
local row_of_many =
  { name = "poll_many", title = "poll of 10,000", count = 60, aim = 1.30 }

-- How much more one end costs in a loop that watches so many more.
local loops = { "cqueues", "luv" }
local LOOP_ROUNDS, LOOP_COUNT, LOOP_FEW, LOOP_AIM = 15, 80, 100, 1.5

-- What memory.lua prints, line by line. A leak of one byte per cycle would
-- be a million. How much garbage there is at the peak is the collector's
-- choice: at most twice as much as with the objects of the floor.
local memory = {
  { title = "bytes of Lua memory per pidfd", aim = 64 },
  { title = "more descriptors after a million", aim = 0 },
  { title = "more bytes of Lua memory in use", aim = 0 },
  { title = "more KiB of Lua memory at its peak", ratio = 2 },
  { title = "more KiB of resident memory", ratio = 2 },
}

-- lua5.4 starts in one mode, a state that a program embeds in the other.
local modes = { "generational", "incremental" }
local mode = collectgarbage("incremental") -- returns what it was before

local bench = arg[0]:match("^.*/") or "./"
local lua = arg[-1]

local build = os.getenv("BUILD") or bench .. "../build"
local C = { title = "C", command = build .. "/bench/raw" }
local LUA = { title = "Lua", command = lua .. " " .. bench .. "calls.lua" }
local FLOOR = { title = "floor", command = "FLOOR=1 " .. LUA.command }
local peers = {
  { title = "LuaJIT FFI", command = "luajit " .. bench .. "ffi.lua" },
  { title = "Python", command = "python3 " .. bench .. "peer.py" },
}

-- The lines that a command prints, or nil if it fails. It may have as many
-- descriptors as the system allows.
local function try(command)
  local pipe = assert(io.popen("ulimit -S -n $(ulimit -H -n); " .. command))
  local lines = {}
  for line in pipe:lines() do
    table.insert(lines, line)
  end
  return pipe:close() and lines
end

local function run(command)
  return assert(try(command), "failed: " .. command)
end

local function has_room_for_many()
  local most = tonumber(run("ulimit -H -n")[1]) or math.huge -- "unlimited"
  return most > MANY + 100
end

local function learn(language, lines)
  language.version = table.remove(lines, 1)
  language.knows = {}
  for _, name in ipairs(lines) do
    language.knows[name] = true
  end
  return language
end

local function installed()
  local list = {}
  for i, language in ipairs({ C, LUA, FLOOR }) do
    list[i] = learn(language, run(language.command))
  end
  for _, peer in ipairs(peers) do
    local lines = try(peer.command .. " 2>/dev/null")
    if lines then
      table.insert(list, learn(peer, lines))
    end
  end
  return list
end

local function nanoseconds(language, row)
  local command = ("%s %s %d"):format(language.command, row.name, row.count)
  return tonumber(run(command)[1])
end

-- Add one round to row.times and row.ratios, both by language. The ratios
-- are to C; row.floor has those of Lua to the floor.
local function round(row, languages)
  local times = {}
  for _, language in ipairs(languages) do
    if language.knows[row.name] then
      times[language] = nanoseconds(language, row)
      table.insert(row.times[language], times[language])
      table.insert(row.ratios[language], times[language] / times[C])
    end
  end
  if times[FLOOR] then
    table.insert(row.floor, times[LUA] / times[FLOOR])
  end
end

local function measure(languages)
  for _, row in ipairs(rows) do
    row.times, row.ratios, row.floor = {}, {}, {}
    for _, language in ipairs(languages) do
      row.times[language], row.ratios[language] = {}, {}
    end
  end
  for _ = 1, ROUNDS do
    for _, row in ipairs(rows) do
      round(row, languages)
    end
  end
end

-- Of an odd number of values; nil of none.
local function median(list)
  table.sort(list)
  return list[math.floor(#list / 2) + 1]
end

local function verdict(ok)
  return ok and "ok" or "missed"
end

local function print_conditions(languages)
  local kernel = assert(io.open("/proc/sys/kernel/osrelease"))
  print("kernel: Linux " .. kernel:read("l"))
  kernel:close()
  for _, language in ipairs(languages) do
    print(("%s: %s"):format(language.title, language.version))
  end
  print("collector: as the interpreter sets it, " .. mode)
  print(("Medians of %d rounds, in nanoseconds of CPU time. The aim is a ratio "
    .. "to\nthe floor, or to C where there is no floor; the others' ratios are "
    .. "to C.\n"):format(ROUNDS))
end

local function print_header(languages)
  io.write(("%-16s%8s%8s%8s%8s%8s%7s  %-8s"):format(
    "", "C", "floor", "Lua", "to C", "to fl.", "aim", ""))
  for i = 4, #languages do
    io.write(("%12s"):format(languages[i].title))
  end
  print()
end

-- A number, or "-" for nil.
local function cell(format, number)
  return number and format:format(number) or "-"
end

local function print_row(row, languages)
  local to_c, to_floor = median(row.ratios[LUA]), median(row.floor)
  io.write(("%-16s%8.0f%8s%8.0f%8.2f%8s%7.2f  %-8s"):format(
    row.title, median(row.times[C]), cell("%.0f", median(row.times[FLOOR])),
    median(row.times[LUA]), to_c, cell("%.2f", to_floor), row.aim,
    verdict((to_floor or to_c) <= row.aim)))
  for i = 4, #languages do
    io.write(("%12s"):format(cell("%.2f", median(row.ratios[languages[i]]))))
  end
  print()
end

local function print_memory(collector)
  local command = lua .. " " .. bench .. "memory.lua " .. collector
  local floors, values = run("FLOOR=1 " .. command), run(command)
  print(("\n%-38s%8s%8s%7s"):format(collector .. " collector:",
    "floor", "Lua", "aim"))
  for i, line in ipairs(memory) do
    local floor, value = tonumber(floors[i]), tonumber(values[i])
    local aim = line.aim or line.ratio * floor
    print(("%-38s%8.0f%8.0f%7.0f  %s"):format(
      line.title, floor, value, aim, verdict(value <= aim)))
  end
end

local function measure_loop(loop, watched)
  local command = ("%s %sloops.lua %s %d %d"):format(
    lua, bench, loop, watched, LOOP_COUNT)
  return tonumber(run(command)[1])
end

local function print_loop(loop)
  local few, many, growth = {}, {}, {}
  for i = 1, LOOP_ROUNDS do
    few[i] = measure_loop(loop, LOOP_FEW)
    many[i] = measure_loop(loop, MANY)
    growth[i] = many[i] / few[i]
  end
  local ratio = median(growth)
  print(("%-16s%8.0f%8.0f%8.2f%7.2f  %s"):format(loop, median(few),
    median(many), ratio, LOOP_AIM, verdict(ratio <= LOOP_AIM)))
end

local function print_loops()
  print(("\nOne end in an event loop, of %d and of %d processes:"):format(
    LOOP_FEW, MANY))
  for _, loop in ipairs(loops) do
    print_loop(loop)
  end
end

local languages = installed()
print_conditions(languages)
local room = has_room_for_many()
if room then
  table.insert(rows, row_of_many)
end
measure(languages)
print_header(languages)
for _, row in ipairs(rows) do
  print_row(row, languages)
end
if room then
  print_loops()
else
  print(("\nLeft out: what takes %d descriptors (ulimit -n)."):format(MANY))
end
for _, each in ipairs(modes) do
  print_memory(each)
end
dofile(bench .. "spawn_run.lua")(run, median, verdict)
dofile(bench .. "capture_run.lua")(run, median, verdict)
