-- Runs a Lua program in a process of its own, as script.run does, but under
-- another command: one that prepares something, and then runs its arguments.

local ensure = require "spec.support.ensure"
local script = require "spec.support.script"

local run = {}

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("a")
  file:close()
  return text
end

-- Run 'program' under the shell command 'prefix'. Returns all its output.
function run.under(prefix, program, ...)
  local command = prefix .. " " .. script.command(program, ...)
  local file = assert(io.popen(command .. " 2>&1 </dev/null"))
  local output = file:read("a")
  file:close()
  return output
end

local function works(command)
  return os.execute(command .. " true >/dev/null 2>&1") == true
end

-- With at most 'n' descriptors.
function run.with_descriptors(n, program, ...)
  return run.under("ulimit -n " .. n .. "; exec", program, ...)
end

-- Traced by strace with these options. Returns the trace, and the output;
-- or nil where strace cannot work.
function run.traced(options, program, ...)
  if not works("strace -qq -o /dev/null") then
    return nil
  end
  local trace = os.tmpname()
  local prefix = "exec strace -qq -o " .. trace .. " " .. options
  local output = run.under(prefix, program, ...)
  local text = read(trace)
  os.remove(trace)
  return text, output
end

-- In namespaces of its own, made by these options of unshare(1); or nil where
-- that is not allowed.
function run.unshared(options, program, ...)
  local unshare = "unshare --user --map-root-user " .. options
  if not works(unshare) then
    return nil
  end
  return run.under("exec " .. unshare, program, ...)
end

-- Such options: the program finds an empty /proc.
run.without_proc =
  [[--mount sh -c 'mount -t tmpfs none /proc && exec "$@"' sh]]

local function uid(pid)
  return read("/proc/" .. pid .. "/status"):match("\nUid:%s*(%d+)")
end

-- An ordinary user may not be able to read the module where it was built.
local function with_copy_of_module(use)
  local directory = os.tmpname()
  local cpath = package.cpath
  local module = assert(package.searchpath("pidfd", cpath))
  os.remove(directory)
  assert(os.execute("mkdir -m 755 " .. directory))
  ensure(function()
    local copy = "install -m 644 %s %s/pidfd.so"
    assert(os.execute(copy:format(script.quote(module), directory)))
    package.cpath = directory .. "/?.so"
    use()
  end, function()
    package.cpath = cpath
    os.execute("rm -r " .. directory)
  end)
end

-- As an ordinary user who has no power over the process 'arg[1]', which is
-- this one where that is possible. Nil where there is no such process.
function run.as_stranger(program)
  local output
  if uid("self") == "0" then
    local self = read("/proc/self/stat"):match("^%d+")
    with_copy_of_module(function()
      local prefix = "exec setpriv --reuid=65534 --regid=65534 --clear-groups"
      output = run.under(prefix, program, self)
    end)
  elseif uid("1") == "0" then
    output = run.under("exec", program, 1)
  end
  return output
end

-- With the pidfd of the process 'pid' inherited as descriptor 3, which needs
-- luv: all that this module makes is close-on-exec. Nil where there is none.
-- The shell command is what run.under runs.
local heir = [[
  local pidfd, uv = require "pidfd", require "luv"
  local p = assert(pidfd.open(math.tointeger(arg[1])))
  uv.spawn("sh", {
    args = { "-c", arg[2] },
    stdio = { 0, 1, 2, p:fileno() },
  }, function() end)
  uv.run()
]]

function run.inheriting(pid, prefix, program)
  if not package.searchpath("luv", package.cpath) or not works(prefix) then
    return nil
  end
  local command = "exec " .. prefix .. " " .. script.command(program)
  return (script.run(heir, pid, command))
end

-- Compile a C program that uses Lua, and return its path, to be removed; or
-- nil where there is no compiler, or no Lua for it.
function run.compiled(source)
  local program = os.tmpname()
  local include = os.getenv("LUA_INCDIR") or "/usr/include/lua5.4"
  local command = "cc -isystem %s -o %s %s -llua5.4 >/dev/null 2>&1"
  if os.execute(command:format(include, program, source)) then
    return program
  end
  os.remove(program)
end

return run
