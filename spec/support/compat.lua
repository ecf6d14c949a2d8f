-- Lua 5.4's libraries for the other versions, as far as specs use them.

-- luacheck: globals table.pack table.unpack table.move math.tointeger math.type
-- luacheck: globals math.maxinteger math.mininteger load loadfile xpcall
-- luacheck: globals setmetatable collectgarbage package.searchpath io.popen
-- luacheck: globals os.execute os.exit coroutine string.pack string.format

local version = tonumber(_VERSION:match("%d.%d"))
local has_compiler = rawget(_G, "jit") ~= nil

if version == 5.4 then
  return
end

table.unpack = table.unpack or rawget(_G, "unpack")

table.pack = table.pack or function(...)
  return { n = select("#", ...), ... }
end

table.move = table.move or function(from, first, last, at, to)
  to = to or from
  for i = last - first, 0, -1 do
    to[at + i] = from[first + i]
  end
  return to
end

-- An integer is what a double surely stands for.
math.maxinteger = math.maxinteger or 2 ^ 53 - 1
math.mininteger = math.mininteger or -(2 ^ 53 - 1)

math.type = math.type or function(x)
  if type(x) ~= "number" then
    return nil
  end
  local exact = x % 1 == 0 and x <= math.maxinteger and x >= math.mininteger
  return exact and "integer" or "float"
end

if not math.tointeger then
  function math.tointeger(x)
    x = tonumber(x)
    return x and math.type(x) == "integer" and x or nil
  end
elseif not pcall(math.tointeger, "1") or not math.tointeger("1") then
  local tointeger = math.tointeger
  function math.tointeger(x)
    return tointeger(tonumber(x))
  end
end

package.searchpath = package.searchpath or function(name, path)
  for pattern in path:gmatch("[^;]+") do
    local candidate = pattern:gsub("%?", (name:gsub("%.", "/")))
    local file = io.open(candidate)
    if file then
      file:close()
      return candidate
    end
  end
end

-- Integers, the lowest byte first: "=I8I4i4".
string.pack = string.pack or function(format, ...)
  local bytes, numbers, at = {}, { ... }, 0
  for size in format:gmatch("[Ii](%d)") do
    at = at + 1
    local n = numbers[at]
    for _ = 1, tonumber(size) do
      table.insert(bytes, string.char(n % 256))
      n = math.floor(n / 256)
    end
  end
  return table.concat(bytes)
end

-- Nobody is warned of an error in a finalizer.
if not rawget(_G, "warn") then
  rawset(_G, "warn", function() end)
end

-- Parameters of the collector.
if version ~= 5.4 then
  local collect = collectgarbage
  local set
  if version < 5.4 then
    function set(pause, multiplier)
      pcall(collect, "incremental") -- 5.2
      collect("setpause", pause or 200)
      collect("setstepmul", multiplier or 200)
    end
  else
    function set(pause, multiplier)
      local before = collect("incremental")
      if pause then
        collect("param", "pause", pause)
        collect("param", "stepmul", multiplier)
      end
      return before
    end
  end

  local stopped = false
  function collectgarbage(what, ...)
    if what == "incremental" then
      return set(...)
    elseif version < 5.2 and not has_compiler then
      if what == "isrunning" then
        return not stopped
      elseif what == "stop" then
        stopped = true
      elseif what == "restart" then
        stopped = false
      end
    end
    return collect(what, ...)
  end
end

if version >= 5.3 then
  return
end

-- Formats without an asterisk.
local methods = getmetatable(io.stdout).__index
local read, lines, close = methods.read, methods.lines, methods.close

local function old_formats(...)
  local formats = table.pack(...)
  for i = 1, formats.n do
    if type(formats[i]) == "string" then
      formats[i] = formats[i]:gsub("^([^*])", "*%1")
    end
  end
  return table.unpack(formats, 1, formats.n)
end

function methods.read(file, ...)
  local format = ...
  if format == "L" and version == 5.1 then
    local line = read(file, "*l")
    return line and line .. "\n"
  end
  return read(file, old_formats(...))
end

function methods.lines(file, format)
  if format == nil then
    return lines(file)
  end
  return function()
    return file:read(format)
  end
end

if version > 5.1 then
  return
end

local load_function, load_file, load_string =
  load, loadfile, rawget(_G, "loadstring")
local set_environment = rawget(_G, "setfenv")

local function within(environment, chunk, message)
  if chunk and environment then
    set_environment(chunk, environment)
  end
  return chunk, message
end

function load(chunk, name, _, environment)
  local compile = type(chunk) == "string" and load_string or load_function
  return within(environment, compile(chunk, name))
end

function loadfile(path, _, environment)
  return within(environment, load_file(path))
end

local protect = xpcall
function xpcall(f, handler, ...)
  local arguments = table.pack(...)
  return protect(function()
    return f(table.unpack(arguments, 1, arguments.n))
  end, handler)
end

local running = coroutine.running
function coroutine.running()
  local thread, is_main = running()
  return thread or "main", is_main or thread == nil
end

-- Any value has a text.
local format = string.format
function string.format(pattern, ...)
  local values = table.pack(...)
  for i = 1, values.n do
    if type(values[i]) ~= "number" and type(values[i]) ~= "string" then
      values[i] = tostring(values[i])
    end
  end
  return format(pattern, table.unpack(values, 1, values.n))
end

-- A coroutine begins with a function of Lua.
for _, name in ipairs { "create", "wrap" } do
  local make = coroutine[name]
  coroutine[name] = function(f)
    return make(function(...)
      return f(...)
    end)
  end
end

-- Tables have no finalizers, but this has, and lives as long as its table.
local set_metatable = setmetatable
local new_proxy = rawget(_G, "newproxy")
function setmetatable(t, metatable)
  local finalize = metatable and rawget(metatable, "__gc")
  if finalize and debug.getinfo(finalize, "S").what ~= "C" then
    local proxy = new_proxy(true)
    debug.getmetatable(proxy).__gc = function()
      finalize(t)
    end
    rawset(t, proxy, true)
  end
  return set_metatable(t, metatable)
end

-- How a command has ended, from a status as waitpid(2) has it.
local function decode(status)
  if status == true then
    status = 0
  end
  local signal = status % 128
  if signal > 0 then
    return nil, "signal", signal
  end
  local code = math.floor(status / 256)
  return code == 0 or nil, "exit", code
end

local exit = os.exit
function os.exit(code)
  if type(code) == "boolean" then
    code = code and 0 or 1
  end
  exit(code)
end

-- What is written is there for whoever writes next.
io.stdout:setvbuf("no")

local execute = os.execute
function os.execute(command)
  if command == nil then
    return execute() ~= 0
  end
  return decode(execute(command))
end

-- How the command of a pipe has ended: its shell writes that to a file.
local statuses = setmetatable({}, { __mode = "k" })

local function take(path)
  local file = io.open(path)
  local code = file and tonumber((read(file, "*a"):match("%d+")))
  if file then
    close(file)
  end
  os.remove(path)
  return code
end

function methods.close(file)
  local path = statuses[file]
  statuses[file] = nil
  local closed, message, number = close(file)
  if not path then
    return closed, message, number
  end
  local code = take(path)
  if not code then
    return closed, message, number
  elseif code > 128 then
    return nil, "signal", code - 128
  end
  return code == 0 or nil, "exit", code
end

local popen = io.popen
function io.popen(command, mode)
  local path = os.tmpname()
  local file, message, code =
    popen("(" .. command .. "\n); echo $? >" .. path, mode)
  if file then
    statuses[file] = path
  end
  return file, message, code
end
