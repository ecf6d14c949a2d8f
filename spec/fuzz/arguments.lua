-- Random arguments: arguments(name) returns those for a call of this function,
-- mostly such as it takes, and sometimes anything.

-- luacheck: read globals host

local pool = require "spec.fuzz.pool"
local wild = require "spec.fuzz.wild"

local pidfd = pool.module
local random = host.random
local unpack = table.unpack

local function one_of(list)
  return list[random(#list)]
end

local near, far = host.socket()
local sockets = { near, far }

local TERA = math.tointeger(2 ^ 40)

local MISFITS = {
  false, true, 0, -1, 1, 2 ^ 31, 2 ^ 32 + 1, 2 ^ 53, 0.5, -0.0, 0 / 0, 1 / 0,
  -1 / 0, math.mininteger, math.maxinteger, "", "0", "1", "TERM", "a\0b",
  ("x"):rep(5000), {}, print, io.stdout, coroutine.create(print), host.call,
  setmetatable({}, { __index = error }),
  setmetatable({}, { __len = function() return TERA end }),
}

-- The names in a table, in order.
local function names_of(values)
  local names = {}
  for name in pairs(values) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function with_nohang(bits)
  local has = math.floor(bits / pidfd.flags.WNOHANG) % 2 == 1
  return has and bits or bits + pidfd.flags.WNOHANG
end

local function anything()
  local n = random(#MISFITS + 3)
  if n <= #MISFITS then
    return MISFITS[n]
  elseif n == #MISFITS + 1 then
    return pool.pidfd()
  elseif n == #MISFITS + 2 then
    return pool.fd()
  end
end

local FLAGS = { 0, 0, 0, pidfd.flags.NONBLOCK, pidfd.flags.THREAD, -1, TERA }

local function flags()
  return one_of(FLAGS)
end

-- Anybody's but the stranger's.
local function pid()
  local n = random(6)
  n = n == 1 and host.pid or n == 2 and 1 or n == 3 and random(0x400000) or
    random(400)
  return n ~= host.stranger and n or 1
end

local TIMES = { 0, 0, 0, 0, 0, 0, 1e-9, 1e-5, 1e-4, 0.0005 }

local function seconds()
  local n = random(400)
  if n == 1 then
    return nil -- a hook ends it
  elseif n == 2 then
    return one_of { math.huge, math.maxinteger, 60, -1, 0 / 0 }
  end
  return one_of(TIMES)
end

local function listof(make, longest)
  local list = {}
  for i = 1, random(longest + 1) - 1 do
    list[i] = make()
  end
  return wild.prey(list)
end

local function borrowed()
  local n = random(6)
  if n == 1 then
    return pool.pidfd()
  elseif n == 2 then
    return pool.fd()
  elseif n == 3 then
    return wild.lender(one_of(sockets))
  elseif n == 4 then
    return random(40) - 1
  elseif n == 5 then
    return io.stdout
  end
  return one_of(sockets)
end

local function listener()
  return random(3) == 1 and borrowed() or one_of { far, far, near }
end

local function sending()
  local data = ("x"):rep(one_of { 0, 1, 1, 5, 3000 })
  local longest = random(30) == 1 and 260 or 6
  return listener(), data, listof(borrowed, longest), seconds()
end

local SIGNALS = { 0, "WINCH", "CHLD", "CONT", "USR1", "URG", "RTMIN+3", 28 }
local DEADLY = { "KILL", "TERM", "STOP", "HUP", 9, 19, "RTMAX", 65, -1, "", 64 }

-- This process survives only some; those that it does not handle end it.
local function signal(p)
  local number = pool.number(p)
  if number == host.pid or random(2) == 1 then
    return one_of(SIGNALS)
  end
  return one_of(DEADLY)
end

local SCOPES = { 0, 0, 0, 1, 2, 4, 8, 3 }

local FILES = {
  "stat", "status", "comm", "cmdline", "environ", "maps", "pagemap", "mem",
  "task/1/comm", "fd/0", "exe", "ns/pid", "", "/", "..", "../1/stat", "attr",
  "nothing", "fd", "cwd/nothing", ("d/"):rep(3000), "task", "map_files", ".",
  "root", "ns/net", "fd/1", "ns",
}

-- What may be written to anybody, the process of the fuzzer included.
local WRITABLE = { "comm", "oom_score_adj", "clear_refs", "setgroups", "stat",
  "coredump_filter", "nothing", "fd/0", "../1/comm", "uid_map" }
local TEXTS = { "500", "501\n", "x", "", "a\0b", "1", ("7"):rep(5000) }

local KINDS = {
  "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts", "nothing",
  "pid_for_children", "time_for_children",
}
local HARMLESS = { "cgroup", "ipc", "net", "uts", "time" }

local function kinds(p)
  local set = pool.number(p) and KINDS or HARMLESS
  local list = {}
  for i = 1, random(3) - 1 do
    list[i] = one_of(set)
  end
  return unpack(list)
end

local ADVICE = { "COLD", "PAGEOUT", "WILLNEED", "COLLAPSE", "X", 20, 21, 3, 99 }

local function range()
  return { random(TERA) * 4096, random(0x100000) }
end

local OPTIONS = { 4, 4, 4, 12, 6, 14, 0x40000004, 0x01000004, 1, 0, 3, 5 }

local function options()
  local bits = one_of(OPTIONS)
  return random(200) == 1 and bits or with_nohang(bits)
end

local function number()
  return random(20) - 3
end

local function token()
  local p = pool.pidfd()
  local method = pool.pidfd_metatable.__index.token
  local ok, text
  if random(2) == 1 then
    ok, text = pcall(method, p)
  else
    ok, text = pcall(method, p, "short")
  end
  text = ok and text or "1:process:4242:50369:x"
  if random(2) == 1 then
    local at = random(#text)
    local byte = string.char(random(256) - 1)
    text = text:sub(1, at - 1) .. byte .. text:sub(at + 1)
  end
  return text
end

local SUPPORTS = {
  "getfd", "id", "info", "info_exit", "madvise", "mrelease", "namespaces",
  "nonblock", "passpidfd", "peer", "proc", "signal_scopes", "thread", "waitid",
  "x", "autoreap", "coredump_code", "pid_in_namespace",
}

local function variables()
  local env = {}
  for i = 1, random(6) - 1 do
    env["V" .. i] = ("x"):rep(random(30))
  end
  env.PATH = random(2) == 1 and "/nowhere" or nil
  return wild.prey(env)
end

local function changes()
  local env = { PATH = false, A = "1" }
  for i = 1, random(6) - 1 do
    env["V" .. i] = random(2) == 1 and ("x"):rep(random(30))
  end
  return wild.prey(env)
end

local RESOURCES = { "core", "nofile", "nproc", "fsize", "locks", "nothing" }

local function limits()
  local set = {}
  for _ = 1, random(4) - 1 do
    local limit = one_of { 0, 1, 20, 100, 2 ^ 40, "unlimited", 0.5 }
    set[one_of(RESOURCES)] = random(2) == 1 and limit
      or wild.prey { random(20), limit }
  end
  return wild.prey(set)
end

local function descriptors()
  local set = {}
  for _ = 1, random(4) - 1 do
    set[2 + random(30)] = borrowed()
  end
  return wild.prey(set)
end

local function stream()
  local n = random(5)
  return n == 1 and borrowed() or one_of { "null", "pipe", "null", "inherit" }
end

local SPAWN = {
  path = function() return one_of { "/bin/true", "/nowhere", "" } end,
  env = variables,
  cwd = function() return one_of { "/", "/nowhere", "/proc", "" } end,
  stdin = stream,
  stdout = stream,
  stderr = function() return one_of { "null", "stdout", "pipe" } end,
  fds = descriptors,
  session = function() return random(2) == 1 end,
  pgroup = function() return random(2) - 1 end,
  pdeathsig = function() return one_of { "KILL", 0, "TERM" } end,
  groups = function() return listof(function() return random(9) end, 4) end,
  gid = function() return 65534 end,
  uid = function() return 65534 end,
  nnp = function() return true end,
  cgroup = function() return one_of { "/sys/fs/cgroup", "/", "/nowhere" } end,
  autoreap = function() return true end,
  setenv = changes,
  umask = function() return random(512) - 1 end,
  nice = function() return one_of { 0, 1, 19, -1 } end,
  rlimits = limits,
  ctty = function() return one_of { 0, 1, 2, 2 + random(30) } end,
  keepsignals = function()
    return listof(function() return one_of { "HUP", "PIPE", 15, 64, 0 } end, 4)
  end,
  oom_score_adj = function() return one_of { 1000, 500, -1000, 0 } end,
}
local NAMES = names_of(SPAWN)

-- One that cannot be executed costs less.
local function program()
  if pool.mayspawn() and random(3) == 1 then
    return one_of { "true", "false", "sleep" }, one_of { "0", "0.002", "60" }
  elseif host.spawns then
    return one_of { "/nowhere", "nothing", "/", "/etc/passwd", "a\0b", "" }
  end
  return one_of { "a\0b", "" }
end

local function spawn()
  local t = { program() }
  t.stdin, t.stdout = "null", "null"
  for _ = 1, random(4) - 1 do
    local name = one_of(NAMES)
    t[name] = SPAWN[name]()
  end
  if random(10) == 1 then
    t[one_of(NAMES)] = anything()
  end
  if not host.spawns then
    t.unknown = true -- found at once, or after much
    t[random(2) == 1 and "unknown" or 1] = random(2) == 1 and false or nil
    t.cwd = "a\0b" -- found in any case
  end
  return wild.prey(t)
end

local RUN = {
  input = function()
    return ("x"):rep(random(8) == 1 and 200000 or random(9))
  end,
  timeout = function() return one_of { 0, 0.0005, 0.001, 0.002 } end,
  grace = function() return one_of { 0, 0.0005, 1 } end,
  linger = function() return one_of { 0, 0.0005 } end,
  scope = function() return one_of { "group", "process", "cgroup", "x" } end,
  limit = function() return one_of { 0, 1, 1000, TERA, -1 } end,
}
local RUN_NAMES = names_of(RUN)

-- It always has a time, or one that sleeps would hold up the round.
local function run()
  local t = spawn()
  t.stdin, t.timeout, t.linger = nil, 0.002, 0
  for _ = 1, random(4) - 1 do
    local name = one_of(RUN_NAMES)
    t[name] = RUN[name]()
  end
  if random(3) == 1 then
    t.stdout, t.stderr = nil, nil
  end
  return t
end

local WORDS = { false, "process", "group", "cgroup", "peek" }

local function namespaced()
  return pid(), flags(), pool.fd()
end

local MAKERS = {
  ["pidfd.open"] = function()
    if random(3) == 1 then
      return namespaced()
    end
    return pid(), flags()
  end,
  ["pidfd.self"] = flags,
  ["pidfd.adopt"] = pool.orphan,
  ["pidfd.getfd"] = function() return pool.pidfd(), number(), nil end,
  ["pidfd.spawn"] = spawn,
  ["pidfd.run"] = run,
  ["pidfd.type"] = anything,
  ["pidfd.poll"] = function() return listof(pool.pidfd, 12), seconds() end,
  ["pidfd.peer"] = borrowed,
  ["pidfd.send"] = sending,
  ["pidfd.receive"] = function()
    return listener(), one_of { 1, 4, 100, 70000 }, seconds()
  end,
  ["pidfd.passpidfd"] = function() return listener(), random(2) == 1 end,
  ["pidfd.from_token"] = token,
  ["pidfd.supports"] = function() return one_of(SUPPORTS) end,
  ["p:getfd"] = number,
  ["p:proc"] = function()
    if random(3) == 1 then
      return one_of(WRITABLE), one_of(TEXTS)
    end
    return one_of(FILES)
  end,
  ["p:link"] = function() return one_of(FILES) end,
  ["p:list"] = function() return one_of(FILES) end,
  ["p:pid"] = function()
    if random(3) == 1 then
      return pool.fd()
    end
  end,
  ["p:token"] = function()
    if random(2) == 1 then
      return "short"
    end
  end,
  ["p:namespace"] = function() return one_of(KINDS) end,
  ["p:setns"] = kinds,
  ["p:madvise"] = function()
    return one_of(ADVICE), listof(range, random(50) == 1 and 1030 or 4)
  end,
  ["p:send_signal"] = function(p)
    return signal(p), one_of(SCOPES), random(3) == 1 and random(9) or nil
  end,
  ["p:poll"] = seconds,
  ["p:wait"] = seconds,
  ["p:waitid"] = options,
  ["p:terminate"] = function()
    local scope, reap = one_of(WORDS), one_of(WORDS)
    return one_of { 0, 0, 1e-5, 1e-4, -1 }, scope or nil, reap or nil
  end,
  ["p:__eq"] = pool.pidfd,
  ["fd:file"] = function() return one_of { "r", "w", "rb", "a+", "x", "" } end,
  ["fd:nonblock"] = function() return random(2) == 1 end,
}

-- What SIGKILL does not end would be waited for for ever.
local function may_be_ended(p)
  local n = pool.number(p)
  return n == nil or n ~= 1
end

local function self_for(name)
  if name:sub(1, 3) == "fd:" then
    return pool.fd()
  end
  local p = pool.pidfd()
  if name == "p:terminate" and not may_be_ended(p) then
    return nil
  elseif name == "p:children" and pool.number(p) == 1 then
    return nil -- the stranger's parent: somebody might come by a pidfd of it
  end
  return p
end

-- Signals and namespaces are for those that survive them: never anything.
local DANGEROUS = {
  ["p:send_signal"] = true, ["p:setns"] = true, ["p:terminate"] = true,
  ["p:madvise"] = true, ["pidfd.open"] = true, ["pidfd.adopt"] = true,
  ["p:children"] = true,
}

local function misfits(self, ...)
  local list = { ... }
  list[random(3)] = anything()
  if random(4) == 1 then
    self = anything()
  end
  return self, unpack(list, 1, 3)
end

-- One in so many calls has a misfit. A size of 2 GiB costs ASan a tenth of a
-- second.
local RARELY = { ["pidfd.receive"] = 400 }

return function(name)
  local make = MAKERS[name] or anything
  if name:sub(1, 6) == "pidfd." then
    if random(RARELY[name] or 10) == 1 and not DANGEROUS[name] then
      return misfits(make())
    end
    return make()
  end
  local self = self_for(name)
  if random(10) == 1 and not DANGEROUS[name] then
    return misfits(self, make(self))
  end
  return self, make(self)
end
