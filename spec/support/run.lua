-- Runs a Lua program in a process of its own, as script.run does, but under
-- another command: one that prepares something, and then runs its arguments.

local compiled = require "spec.support.compiled"
local directory = require "spec.support.directory"
local need = require "spec.support.need"
local pending = require "spec.support.pending"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local script = require "spec.support.script"

local run = {}

-- An emulator needs memory and threads of its own, and ends without them.
local function check_emulator(output)
  local reason = output:match("^qemu[%w-]*: ([^\n]*)")
  if reason then
    pending("qemu-user cannot run the program: " .. reason)
  end
end

-- Run 'program' under the shell command 'prefix'. Returns all its output.
function run.under(prefix, program, ...)
  local command = prefix .. " " .. script.command(program, ...)
  local file = assert(io.popen(command .. " 2>&1 </dev/null"))
  local output = file:read("a")
  file:close()
  check_emulator(output)
  if os.getenv("PIDFD_COVERAGE") then -- it cannot write its counts everywhere
    output = output:gsub("profiling:[^\n]*\n", "")
  end
  return output
end

local function works(command)
  return os.execute(command .. " true >/dev/null 2>&1") == true
end

-- With at most 'n' descriptors.
function run.with_descriptors(n, program, ...)
  return run.under("ulimit -n " .. n .. "; exec", program, ...)
end

-- Whether the interpreter is of another machine: strace(1), and filters of
-- system calls, then see what the emulator does.
function run.is_emulated()
  return os.getenv("LINUX_EMULATED") ~= nil
end

-- The number of a system call, the same on every architecture.
run.CLONE3, run.CLOSE_RANGE = 435, 436

-- A command that runs its arguments where that system call, a number or a name
-- that refuse.c knows, fails with that errno, or does nothing and returns 0.
function run.refusing(call, code)
  if run.is_emulated() then
    pending("an emulator makes system calls of its own")
  end
  return ("%s %s %d"):format(compiled.need_program("refuse"), call,
    code == 0 and 0 or pidfd.errno[code])
end

-- A command that runs its arguments where chdir(2) never returns.
function run.holding()
  local command = compiled.program("hold")
  if not command or not works(command) then
    pending("needs a C compiler, and supervision by seccomp (Linux 5.0)")
  end
  return command
end

function run.need_strace()
  if run.is_emulated() or not works("strace -qq -o /dev/null") then
    pending("needs strace")
  end
end

-- Traced by strace with these options. Returns the trace, and the output. Is
-- pending where strace cannot work.
function run.traced(options, program, ...)
  run.need_strace()
  local trace = os.tmpname()
  local prefix = "exec strace -qq -o " .. trace .. " " .. options
  local output = run.under(prefix, program, ...)
  local text = read(trace)
  os.remove(trace)
  return text, output
end

local function unshared(unshare, program, ...)
  if not works(unshare) then
    pending("needs namespaces of its own")
  end
  return run.under("exec " .. unshare, program, ...)
end

-- In namespaces of its own, made by these options of unshare(1). Is pending
-- where that is not allowed.
function run.unshared(options, program, ...)
  return unshared("unshare --user --map-root-user " .. options, program, ...)
end

-- Such options: the program finds an empty /proc.
run.without_proc =
  [[--mount sh -c 'mount -t tmpfs none /proc && exec "$@"' sh]]

local function own_pid()
  return read("/proc/self/stat"):match("^%d+")
end

-- Who we are.
function run.user()
  local status = read("/proc/self/status")
  return math.tointeger(tonumber(status:match("\nUid:%s*(%d+)")))
end

function run.group()
  local status = read("/proc/self/status")
  return math.tointeger(tonumber(status:match("\nGid:%s*(%d+)")))
end

function run.is_root()
  return run.user() == 0
end

function run.need_root()
  if not run.is_root() then
    pending("needs root")
  end
end

-- The same as run.unshared, but with root's rights over other processes.
function run.unshared_by_root(options, program, ...)
  run.need_root()
  return unshared("unshare " .. options, program, ...)
end

-- An ordinary user may not be able to read the module where it was built, and
-- what programs require, nor to write there what a module that measures its
-- coverage has to say.
local STRANGER = [[
  where=%s && install -m 644 %s $where/pidfd.so &&
  mkdir -m 755 $where/spec && cp -R spec/programs $where/spec &&
  chmod -R a+rX $where/spec && mkdir -m 777 $where/coverage &&
  export GCOV_PREFIX=$where/coverage &&
  exec setpriv %s --regid=65534 --clear-groups]]

-- With 'make coverage', what that one has to say counts. It is merged when all
-- specs are over: gcov-tool(1) takes no locks, and others may write just now.
local function add_coverage(said)
  local objects = os.getenv("PIDFD_COVERAGE")
  if objects then
    os.execute(("cp -r %s%s $(mktemp -d %s-strangers/XXXXXX)/obj")
      :format(said, objects, objects))
  end
end

-- As an ordinary user who has no power over the process 'arg[1]', which is
-- this one, with more arguments after it; or with those options of setpriv(1)
-- instead of the first. Is pending where we are not root.
function run.as_stranger(program, options, ...)
  run.need_root()
  local path, cpath, words = package.path, package.cpath, table.pack(...)
  local module = script.quote(package.searchpath("pidfd", cpath))
  local output
  directory.with(function(where)
    package.path = where .. "/?.lua;" .. path
    package.cpath = where .. "/?.so"
    output = run.under(STRANGER:format(where, module,
      options or "--reuid=65534"), program, own_pid(), table.unpack(words))
    add_coverage(where .. "/coverage")
  end)
  package.path, package.cpath = path, cpath
  return output
end

-- Runs a shell command with the pidfd of a process inherited as descriptor 3,
-- which needs luv: all that this module makes is close-on-exec.
local heir = [[
  local pidfd, uv = require "pidfd", require "luv"
  local p = assert(pidfd.open(math.tointeger(arg[1])))
  uv.spawn("sh", {
    args = { "-c", arg[2] },
    stdio = { 0, 1, 2, p:fileno() },
  }, function() end)
  uv.run()
]]

-- Run 'program' under the shell command 'prefix', with a pidfd for this
-- process as descriptor 3. Is pending where there is no luv, or the command
-- cannot work.
function run.inheriting(prefix, program, ...)
  need("luv")
  if not works(prefix) then
    pending("needs namespaces of its own")
  end
  local command = "exec " .. prefix .. " " .. script.command(program, ...)
  return (script.run(heir, own_pid(), command))
end

-- The same, in a pid namespace of its own, where this process is not.
function run.in_pid_namespace(program, ...)
  local unshare = "unshare --user --map-root-user --pid --fork --mount-proc"
  return run.inheriting(unshare, program, ...)
end

return run
