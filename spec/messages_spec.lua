-- Every message that the module can produce, whole, and what produces it. In
-- the messages {PID} is the number of the process that 'p' holds, {SELF} that
-- of this one, {FD} that of the descriptor of 'fd', {N} another number or a
-- path, and {EPERM} what the C library says of that errno.

local cgroup = require "spec.support.cgroup"
local child = require "spec.support.child"
local compiled = require "spec.support.compiled"
local directory = require "spec.support.directory"
local elsewhere = require "spec.support.elsewhere"
local kernel = require "spec.support.kernel"
local loopback = require "spec.support.loopback"
local pidfd = require "pidfd"
local read = require "spec.support.read"
local run = require "spec.support.run"
local script = require "spec.support.script"
local shell = require "spec.support.shell"
local stream = require "spec.support.stream"
local subject = require "spec.support.subject"
local threads = require "spec.support.threads"
local vast = require "spec.support.vast"

local STRANGER = 65534 -- whom run.as_stranger makes of root

local NAMESPACES = "'cgroup', 'ipc', 'mnt', 'net', 'pid', "
  .. "'pid_for_children', 'time', 'time_for_children', 'user' or 'uts'"

local FEATURES = "'autoreap', 'coredump_code', 'getfd', 'id', 'info', "
  .. "'info_exit', 'madvise', 'mrelease', 'namespaces', 'nonblock', "
  .. "'passpidfd', 'peer', 'pid_in_namespace', 'proc', 'signal_scopes', "
  .. "'thread' or 'waitid'"

local OPTIONS = "'path', 'env', 'cwd', 'stdin', 'stdout', 'stderr', 'fds', "
  .. "'session', 'pgroup', 'pdeathsig', 'groups', 'gid', 'uid', 'nnp', "
  .. "'ctty', 'setenv', 'umask', 'nice', 'oom_score_adj', 'rlimits', "
  .. "'keepsignals', 'cgroup', 'autoreap' or 'autokill'"

local LIMITS = "'as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', "
  .. "'msgqueue', 'nice', 'nofile', 'nproc', 'rss', 'rtprio', 'rttime', "
  .. "'sigpending' or 'stack'"

-- Errors: a call, and the message.
local RAISED = {
  -- numbers
  { "pidfd.open()", "#1 to 'open' (number expected, got no value)" },
  { "pidfd.open('1')", "#1 to 'open' (number expected, got string)" },
  { "pidfd.open(0)",
    "#1 to 'open' (integer from 1 to 2147483647 expected, got 0)" },
  { "pidfd.open(1.5)",
    "#1 to 'open' (integer from 1 to 2147483647 expected, got 1.5)" },
  { "pidfd.open(0 / 0)",
    "#1 to 'open' (integer from 1 to 2147483647 expected, got nan)" },
  { "pidfd.open(1, 4294967296)",
    "#2 to 'open' (integer from 0 to 4294967295 expected, got 4294967296)" },
  { "pidfd.adopt(-1)",
    "#1 to 'adopt' (integer from 0 to 2147483647 expected, got -1)" },
  { "p:getfd(fd)", "#1 to 'getfd' "
    .. "(number in the other process's descriptor table expected, "
    .. "got pidfd.fd)" },
  { "p:send_signal(0, 0, 2147483648)", "#3 to 'send_signal' "
    .. "(integer from -2147483648 to 2147483647 expected, got 2147483648)" },
  { "p:waitid()", "#1 to 'waitid' (number expected, got no value)" },
  { "fd:read(0)", "#1 to 'read' (integer from 1 up expected, got 0)" },
  { "p:poll(-1)", "#1 to 'poll' (seconds from 0 up expected, got -1)" },
  { "p:poll(0 / 0)", "#1 to 'poll' (seconds from 0 up expected, got nan)" },
  { "p:terminate()", "#1 to 'terminate' (number expected, got no value)" },
  -- words
  { "p:send_signal('FOO')",
    "#1 to 'send_signal' (name of a signal expected, got 'FOO')" },
  { "p:send_signal('TERM\\0')",
    "#1 to 'send_signal' (string without zeros expected, got 'TERM\\0')" },
  { "p:send_signal('\\0001\\n2\\n')", "#1 to 'send_signal' "
    .. "(string without zeros expected, got '\\0001\\0102\\10')" },
  { [[p:send_signal('\'\\"')]], "#1 to 'send_signal' "
    .. [[(name of a signal expected, got '\'\\"')]] },
  { "p:send_signal(('x'):rep(41))", "#1 to 'send_signal' "
    .. "(name of a signal expected, got '" .. ("x"):rep(40) .. "'...)" },
  { "p:send_signal(('x'):rep(37) .. '\\240\\159\\152\\128')", "#1 to "
    .. "'send_signal' (name of a signal expected, got '" .. ("x"):rep(37)
    .. "'...)" },
  { "p:send_signal(('x'):rep(36) .. '\\240\\159\\152\\128y')", "#1 to "
    .. "'send_signal' (name of a signal expected, got '" .. ("x"):rep(36)
    .. "\240\159\152\128'...)" },
  { "p:send_signal(('\\128'):rep(41))", "#1 to 'send_signal' "
    .. "(name of a signal expected, got '" .. ("\128"):rep(40) .. "'...)" },
  { "p:wait(0, 'poke')", "#2 to 'wait' ('peek' expected, got 'poke')" },
  { "p:terminate(0, 'all')", "#2 to 'terminate' "
    .. "('process', 'group', 'cgroup' or 'peek' expected, got 'all')" },
  { "p:token('long')", "#1 to 'token' ('short' expected, got 'long')" },
  { "p:madvise('HOT', {})", "#1 to 'madvise' "
    .. "('COLD', 'PAGEOUT', 'WILLNEED' or 'COLLAPSE' expected, got 'HOT')" },
  { "p:namespace('foo')",
    "#1 to 'namespace' (" .. NAMESPACES .. " expected, got 'foo')" },
  { "p:setns()", "#1 to 'setns' (string expected, got no value)" },
  { "p:setns('uts', 'time_for_children')", "#2 to 'setns' "
    .. "(kind that is not for children expected, got 'time_for_children')" },
  { "pidfd.supports('magic')",
    "#1 to 'supports' (" .. FEATURES .. " expected, got 'magic')" },
  { "fd:file('x')", "#1 to 'file' "
    .. "(mode of io.open, such as 'r' or 'a+b', expected, got 'x')" },
  { "p:proc('../1/stat')", "#1 to 'proc' "
    .. "(name of a file below /proc/PID expected, got '../1/stat')" },
  { "fd:nonblock(1)", "#1 to 'nonblock' (boolean expected, got number)" },
  { "p:proc('comm', 1)", "#2 to 'proc' (string expected, got number)" },
  -- objects
  { "pidfd.type()", "#1 to 'type' (value expected)" },
  { "p.fds(fd)", "#1 to 'fds' (pidfd expected, got pidfd.fd)" },
  { "p.close(1)", "#1 to 'close' (pidfd or pidfd.fd expected, got number)" },
  { "closed:fds()", "calling 'fds' on bad self "
    .. "(open pidfd expected, got a closed pidfd)" },
  { "p.fileno(closed)",
    "#1 to 'fileno' (open pidfd expected, got a closed pidfd)" },
  { "p:pid(closed_fd)",
    "#1 to 'pid' (open pidfd.fd expected, got a closed pidfd.fd)" },
  { "pidfd.poll { fd, 1 }",
    "#1 to 'poll' ([2]: pidfd or pidfd.fd expected, got 1)" },
  { "pidfd.poll { p, closed }",
    "#1 to 'poll' ([2]: open pidfd expected, got a closed pidfd)" },
  { "pidfd.poll {}",
    "#1 to 'poll' (timeout expected with an empty list, got none)" },
  { "pidfd.peer(true)", "#1 to 'peer' (descriptor expected, got true)" },
  { "pidfd.peer(-1)", "#1 to 'peer' (descriptor expected, got -1)" },
  { "pidfd.peer(closed)",
    "#1 to 'peer' (open pidfd expected, got a closed pidfd)" },
  { "pidfd.peer(closed_file)",
    "#1 to 'peer' (open file expected, got a closed file)" },
  { "pidfd.peer { fileno = function() end }",
    "#1 to 'peer' (open descriptor from 'fileno' expected, got nil)" },
  -- lists
  { "pidfd.send(0, 'x', { true })",
    "#3 to 'send' ([1]: descriptor expected, got true)" },
  { "pidfd.send(0, 'x', { fd = 0 })",
    "#3 to 'send' (list expected, got a table with holes or names)" },
  { "pidfd.send(0, 'x', many)",
    "#3 to 'send' (list of at most 253 descriptors expected, got 254)" },
  { "pidfd.send(socket, '', { 0 })",
    "#2 to 'send' (data expected with descriptors on a stream, got '')" },
  { "p:madvise('COLD', { 1 })",
    "#2 to 'madvise' ([1]: {address, length} expected, got 1)" },
  { "p:madvise('COLD', { { 0, 0 }, {} })",
    "#2 to 'madvise' ([2]: address in bytes expected, got nil)" },
  { "p:madvise('COLD', { { 0, -1 } })",
    "#2 to 'madvise' ([1]: length in bytes expected, got -1)" },
  { "p:madvise('COLD', vast(26, {}))", "#2 to 'madvise' "
    .. "(table of at most 67108862 elements expected, got 67108864)" },
  -- the options of spawn
  { "pidfd.spawn()", "#1 to 'spawn' (table expected, got no value)" },
  { "pidfd.spawn({ 'true' }, 1)",
    "#2 to 'spawn' (nothing but one table expected, got 1)" },
  { "pidfd.spawn {}",
    "#1 to 'spawn' ([1]: name of a program expected, got nil)" },
  { "pidfd.spawn { 'true', 1 }",
    "#1 to 'spawn' ([2]: string expected, got number)" },
  { "pidfd.spawn { 'a\\0b' }",
    "#1 to 'spawn' ([1]: string without zeros expected, got 'a\\0b')" },
  { "pidfd.spawn { 'true', shell = true }", "#1 to 'spawn' "
    .. "(number of an argument, " .. OPTIONS .. " expected, got 'shell')" },
  { "pidfd.spawn { 'true', nice = 20 }",
    "#1 to 'spawn' (nice: integer from -20 to 19 expected, got 20)" },
  { "pidfd.spawn { 'true', session = 1 }",
    "#1 to 'spawn' (session: boolean expected, got number)" },
  { "pidfd.spawn { 'true', stdin = 'stdout' }", "#1 to 'spawn' "
    .. "(stdin: 'inherit', 'null' or 'pipe' expected, got 'stdout')" },
  { "pidfd.spawn { 'true', stderr = 'x' }", "#1 to 'spawn' (stderr: "
    .. "'inherit', 'null', 'pipe' or 'stdout' expected, got 'x')" },
  { "pidfd.spawn { 'true', stdout = true }",
    "#1 to 'spawn' (stdout: descriptor expected, got true)" },
  { "pidfd.spawn { 'true', stdout = closed_fd }", "#1 to 'spawn' "
    .. "(stdout: open pidfd.fd expected, got a closed pidfd.fd)" },
  { "pidfd.spawn { 'true', fds = { [3] = true } }",
    "#1 to 'spawn' (fds[3]: descriptor expected, got true)" },
  { "pidfd.spawn { 'true', fds = { [2] = 0 } }", "#1 to 'spawn' "
    .. "(fds: integer from 3 to 2147483646 expected, got 2)" },
  { "pidfd.spawn { 'true', groups = { a = 1 } }", "#1 to 'spawn' "
    .. "(groups: list expected, got a table with holes or names)" },
  { "pidfd.spawn { 'true', uid = 65533 }", "#1 to 'spawn' "
    .. "(groups: list of those of user 65533 expected, such as {}, got nil)",
    needs_root = true },
  { "pidfd.spawn { 'true', setenv = { ['a=b'] = 'c' } }", "#1 to 'spawn' "
    .. "(setenv: name that has no '=' and is not empty expected, got 'a=b')" },
  { "pidfd.spawn { 'true', env = { HOME = 1 } }",
    "#1 to 'spawn' (env.HOME: string expected, got number)" },
  { "pidfd.spawn { 'true', pdeathsig = 'FOO' }",
    "#1 to 'spawn' (pdeathsig: name of a signal expected, got 'FOO')" },
  { "pidfd.spawn { 'true', keepsignals = { 65 } }",
    "#1 to 'spawn' (keepsignals: signal from 1 to 64 expected, got 65)" },
  { "pidfd.spawn { 'true', rlimits = { core = -1 } }",
    "#1 to 'spawn' (rlimits.core: "
    .. "integer from 0 to 2^63 - 1 or 'unlimited' expected, got -1)" },
  { "pidfd.spawn { 'true', rlimits = { core = 'much' } }",
    "#1 to 'spawn' (rlimits.core: "
    .. "integer from 0 to 2^63 - 1 or 'unlimited' expected, got 'much')" },
  { "pidfd.spawn { 'true', rlimits = { core = { 1 } } }", "#1 to 'spawn' "
    .. "(rlimits.core: {soft, hard} expected, got another table)" },
  { "pidfd.spawn { 'true', rlimits = { files = 1 } }",
    "#1 to 'spawn' (rlimits: " .. LIMITS .. " expected, got 'files')" },
  { "pidfd.spawn { 'true', ctty = 0 }",
    "#1 to 'spawn' (ctty: session = true expected with it, got none)" },
  { "pidfd.spawn { 'true', ctty = 7, session = true }",
    "#1 to 'spawn' (ctty: 0 to 2 or a number in fds expected, got 7)" },
  -- those of run
  { "pidfd.run { 'true', shell = true }", "#1 to 'run' (number of an argument, "
    .. "'input', 'timeout', 'grace', 'scope', 'limit', 'linger', " .. OPTIONS
    .. " expected, got 'shell')" },
  { "pidfd.run { 'true', timeout = -1 }",
    "#1 to 'run' (timeout: seconds from 0 up expected, got -1)" },
  { "pidfd.run { 'true', limit = -1 }",
    "#1 to 'run' (limit: integer from 0 up expected, got -1)" },
  { "pidfd.run { 'true', scope = 'all' }", "#1 to 'run' "
    .. "(scope: 'process', 'group' or 'cgroup' expected, got 'all')" },
  { "pidfd.run { 'true', scope = 'cgroup' }", "#1 to 'run' "
    .. "(scope: option 'cgroup' expected with 'cgroup', got nil)" },
  { "pidfd.run { 'true', pgroup = 5 }",
    "#1 to 'run' (pgroup: 0 with scope 'group' expected, got 5)" },
  { "pidfd.run { 'true', input = '', stdin = 'null' }", "#1 to 'run' "
    .. "(input: stdin of 'pipe', or none, expected, got 'null')" },
  { "pidfd.run { 'true', stdin = 'pipe' }", "#1 to 'run' "
    .. "(stdin: option 'input' expected with 'pipe', got nil)" },
}

-- Failures: a call, and the message. 'before' is code that runs first.
local FAILED = {
  { "pidfd.open(2147483647)", "open 2147483647: {ESRCH}" },
  { "pidfd.self(2 ^ 30)", "self {SELF}: {EINVAL}" },
  { "pidfd.open(SELF, 0, fd)",
    "open {SELF}: {EINVAL} (that is no pid namespace)" },
  { "pidfd.adopt(FD)", "adopt {FD}: {EBADF}" },
  { "pidfd.from_token('4242')",
    "from_token: {EINVAL} (it is not what p:token makes)" },
  { "pidfd.from_token('2147483647:1')", "from_token 2147483647: {ESRCH}" },
  { "p:token('short')", "token {SELF}: {EINVAL} "
    .. "(a short one cannot name a thread)", since = { 6, 9 },
    before = "p = assert(pidfd.self(pidfd.flags.THREAD))" },
  { "p:pid(fd)", "pid {PID}: {EINVAL} (that is no pid namespace)" },
  { "p:getfd(999)", "getfd {PID}/fd/999: {EBADF}" },
  { "p:dup()", "dup {SELF}: {EBADF}", before = "p = stolen()" },
  { "p:proc('nonesuch')", "proc {PID}/nonesuch: {ENOENT}" },
  { "p:link('stat')", "link {PID}/stat: {EINVAL}" },
  { "p:list('stat')", "list {PID}/stat: {ENOTDIR}" },
  { "p:fds()", "fds {SELF}: {EBADF}", before = "p = stolen()" },
  { "p:children()", "children {SELF}: {EBADF}", before = "p = stolen()" },
  { "p:id()", "id {SELF}: {EBADF}", before = "p = stolen()" },
  { "p:info()", "info {SELF}: {EBADF}", before = "p = stolen()" },
  { "p:namespace('net')", "namespace {SELF}/ns/net: {EBADF}",
    before = "p = stolen()" },
  { "p:setns('user')", "setns {SELF}: {EBADF}", before = "p = stolen()" },
  { "p:mrelease()", "mrelease {PID}: {EINVAL}", since = { 5, 15 } },
  { "p:madvise(-1, {})", "madvise {SELF}: {EBADF}", before = "p = stolen()" },
  { "p:send_signal(65)", "send_signal {PID}: {EINVAL}" },
  { "p:send_signal(0)", "send_signal {PID}: {ESRCH}",
    before = "p:send_signal('KILL') p:wait()" },
  { "p:poll(0)", "poll {SELF}: {EBADF}", before = "p = stolen()" },
  { "pidfd.poll({ fd, p }, 0)", "poll {SELF}: {EBADF}",
    before = "p = stolen()" },
  { "p:wait(0)", "wait {PID}: {ETIMEDOUT}" },
  { "self:wait(1)", "wait {SELF}: {EDEADLK} (it is this process)" },
  { "self:waitid(pidfd.flags.WEXITED)", "waitid {SELF}: {ECHILD}" },
  { "p:receive()", "receive {SELF}: {EBADF}", before = "p = stolen()" },
  { "self:terminate(0)", "terminate {SELF}: {EDEADLK} (it is this process)" },
  { "p:terminate(0, 'group')",
    "terminate {PID}: {EINVAL} (it leads no process group)", since = { 6, 9 } },
  { "p:terminate(0, 'cgroup')",
    "terminate {PID}: {EINVAL} (it was not spawned into a cgroup)" },
  { "p:terminate(0)", "terminate 2: {EPERM} (it is a thread of the kernel)",
    before = "p = kthreadd()" },
  { "p:terminate(0, 'group')", "terminate {N}: {EINVAL} (before Linux 6.9)",
    before = "p = leader()", until_ = { 6, 9 } },
  { "fd:read(1)", "read {FD}: {EBADF}" },
  { "input:write('x')", "write {N}: {EBADF}" },
  { "fd:lines()()", "lines {FD}: {EBADF}", raises = true },
  { "fd:file('r')", "file {FD}: {EINVAL}" },
  { "input:file()", "file {N}: {EBUSY} (it has input)",
    before = "output:write('a\\nb\\n') input:lines()()" },
  { "fd:nonblock(true)", "nonblock {FD}: {EBADF}", before = "steal(fd)" },
  { "fd:close()", "close {FD}: {EBADF}", before = "steal(fd)" },
  { "pidfd.peer(fd)", "peer {FD}: {ENOTSOCK}" },
  { "pidfd.send(fd, 'x')", "send {FD}: {ENOTSOCK}" },
  { "pidfd.receive(fd, 1)", "receive {FD}: {ENOTSOCK}" },
  { "pidfd.passpidfd(fd, true)", "passpidfd {FD}: {ENOTSOCK}" },
  { "pidfd.send(tcp(), 'x', { 0 })",
    "send {N}: {EOPNOTSUPP} (descriptors need a unix socket)" },
  { "pidfd.spawn { '/nonexistent' }", "spawn: execve /nonexistent: {ENOENT}" },
  { "pidfd.run { '/nonexistent' }", "run: execve /nonexistent: {ENOENT}" },
  { "pidfd.spawn { 'true', cwd = '/nonexistent' }",
    "spawn: chdir /nonexistent: {ENOENT}" },
  { "pidfd.spawn { 'true', stdin = fd }", "spawn: dup stdin: {EBADF}",
    before = "steal(fd)" },
  { "pidfd.spawn { 'true', cgroup = '/nonexistent' }",
    "spawn: open /nonexistent: {ENOENT}" },
  { "pidfd.spawn { 'true', autoreap = true }",
    "spawn: clone autoreap, autokill: {EINVAL} (before Linux 7.1)",
    since = { 5, 5 }, until_ = { 7, 1 } },
  { "pidfd.spawn { script('#!/nonexistent') }",
    "spawn: execve {N}: {ENOENT} (no interpreter \"/nonexistent\")" },
  { "pidfd.spawn { script('#!/dev/null') }",
    "spawn: execve {N}: {EACCES} (interpreter \"/dev/null\")" },
}

local YAMA = "/proc/sys/kernel/yama/ptrace_scope"

-- A shell command that lets the next program, who lacks CAP_SYS_PTRACE, find
-- that number in Yama's place.
local function yama(n)
  return ([[--mount sh -c 'mount -t tmpfs none /proc/sys/kernel &&
    mkdir /proc/sys/kernel/yama && echo %d >%s &&
    exec setpriv --bounding-set=-sys_ptrace "$@"' sh]]):format(n, YAMA)
end

local GETFD = [[
  local p = assert(require("pidfd").open(math.tointeger(arg[#arg])))
  print((select(2, p:getfd(0))))
]]

local function getfd_under(make_prefix)
  return function()
    local output
    child.stopped({}, function(p)
      output = make_prefix(p:pid())
    end)
    return output
  end
end

local function by_yama(n)
  return getfd_under(function(pid)
    if n < 3 and not run.is_root() then
      pending("needs a process that has more rights")
    end
    return run.unshared(yama(n), GETFD, pid)
  end)
end

local function need_rights()
  run.need_root()
  if run.is_emulated() then
    pending("an emulator does not let through what tells why")
  end
end

local function ask_of(options, with)
  return function()
    need_rights()
    local output
    with(options(), function(p)
      output = run.as_stranger(GETFD, nil, p:pid())
    end)
    return output
  end
end

-- A program, which has the call as its last argument. The others make
-- something before.
local SAY = "require 'spec.programs.saying'(arg[#arg])"

local function said_under(prefix, call, program)
  return run.under(prefix, program or SAY, call)
end

local function refusing(name, errno, call)
  return function()
    return said_under("exec " .. run.refusing(name, errno), call)
  end
end

local function without_memory(command)
  return function()
    stream.need_plain_memory()
    return said_under("ulimit -v 100000; exec",
      ("pidfd.run { 'sh', '-c', %q }"):format(command))
  end
end

local function unshared(options, call, program)
  return function()
    return run.unshared(options, program, call)
  end
end

-- By elsewhere.lua.
local function there(where, call)
  return function()
    local _, message = elsewhere[where](call)
    return message and message .. "\n"
  end
end

-- Its first child was the init of a pid namespace.
local ORPHANS = [[
  local pidfd = require "pidfd"
  local say = require "spec.programs.saying"
  assert(pidfd.spawn { "true" }):wait()
  say(arg[#arg])
]]

local ELSEWHERE = {
  { "for another user", there("as_stranger", "p:fds()"),
    "fds {N}: {EACCES} (it is of user 0, and this process of user 65534, "
      .. "without CAP_SYS_PTRACE)", needs_rights = true },
  { "for another group", ask_of(function()
    return { uid = STRANGER, gid = 65533, groups = {} }
  end, child.stopped), "getfd {N}/fd/0: {EPERM} (it is of group 65533, and "
      .. "this process of group 65534, without CAP_SYS_PTRACE)" },
  { "for what is not dumpable", ask_of(function()
    return { "undumpable", uid = STRANGER, gid = STRANGER, groups = {} }
  end, subject.with),
    "getfd {N}/fd/0: {EPERM} (it is not dumpable, as it has "
      .. "changed its user, runs a file it may not read, or asked for it with "
      .. "PR_SET_DUMPABLE; and this process has no CAP_SYS_PTRACE)" },
  { "for a seccomp filter", getfd_under(function(pid)
    local filter = compiled.need_program("filter")
    return run.under(filter .. " 1 pidfd_getfd --", GETFD, pid)
  end), "getfd {N}/fd/0: {EPERM} (a seccomp filter refuses pidfd_getfd to this "
      .. "process; in a container --cap-add SYS_PTRACE may help)" },
  { "for Yama's 1", by_yama(1),
    "getfd {N}/fd/0: {EPERM} (Yama's ptrace_scope is "
      .. "1: without CAP_SYS_PTRACE one reaches only one's descendants, and "
      .. "who asked for it with PR_SET_PTRACER)" },
  { "for Yama's 2", by_yama(2),
    "getfd {N}/fd/0: {EPERM} (Yama's ptrace_scope is "
      .. "2: it takes CAP_SYS_PTRACE)" },
  { "for Yama's 3", by_yama(3),
    "getfd {N}/fd/0: {EPERM} (Yama's ptrace_scope is "
      .. "3: nobody may, until the system is started again)" },
  { "for an old kernel", refusing("getsockopt", "ENOPROTOOPT",
    "pidfd.peer(0)"), "peer 0: {ENOPROTOOPT} (before Linux 6.5)" },
  { "for what could not be asked", refusing("clone", "EPERM",
    "pidfd.supports('getfd')"), "supports getfd: {EPERM}" },
  { "for input that cannot be written", function()
    local _, output = run.traced(
      "-e trace=write -e inject=write:error=EIO:when=1", SAY,
      "pidfd.run { 'cat', input = 'x' }")
    return output
  end, "run cat: write stdin: {EIO}" },
  { "for output that cannot be kept", without_memory "cat /dev/zero",
    "run sh: read stdout: {ENOMEM}" },
  { "for errors that cannot be kept", without_memory "cat /dev/zero >&2",
    "run sh: read stderr: {ENOMEM}" },
  { "for a thread", function()
    kernel.need(6, 16, "pidfd_open(2) says of a thread what it is")
    local message
    threads.with("", function(_, tid)
      message = select(2, pidfd.open(tid))
    end)
    return message .. "\n"
  end, "open {N}: {ENOENT} (it is a thread)" },
  { "for another pid namespace", there("outside", "p:terminate(0)"),
    "terminate: {EINVAL} (it is in another pid namespace)" },
  { "for a number in a pid namespace below", unshared("",
    "p:pid(ns)", [[
    local pidfd = require "pidfd"
    local say = require "spec.programs.saying"
    local q, pipes = assert(pidfd.spawn {
      "unshare", "--pid", "--fork", "--kill-child", "sh", "-c",
      "echo; exec sleep 60 >&-", stdout = "pipe", pdeathsig = "KILL",
    })
    pipes.stdout:read(1)
    say(arg[#arg], {
      p = assert(pidfd.self()), ns = assert(q:namespace "pid_for_children"),
    })
  ]]), "pid {N}: {ESRCH} (it is not in that pid namespace)",
    since = { 6, 11 } },
  { "for the init", function()
    return run.unshared("--pid --fork --mount-proc",
      "require 'spec.programs.init'",
      script.command(SAY, "pidfd.adopt(3):terminate(0)"))
  end, "terminate 1: {EPERM} (it is the init of this pid namespace, which "
      .. "SIGKILL does not end)" },
  { "for children without an init", unshared("--pid", "pidfd.spawn { 'true' }",
    ORPHANS), "spawn: clone: {ENOMEM} "
      .. "(has the init process of their pid namespace ended?)" },
  { "for our own group", function()
    return said_under("exec setsid sh -c '\"$@\"; exit 0' sh",
      "p:terminate(0, 'group')", [[
        local pidfd = require "pidfd"
        local say = require "spec.programs.saying"
        local pipe = assert(io.popen("exec cat /proc/self/stat"))
        local leader = pipe:read("a"):match("%) %a %d+ (%d+)")
        pipe:close()
        local p = assert(pidfd.open(math.tointeger(tonumber(leader))))
        say(arg[#arg], { p = p })
      ]])
  end, "terminate {N}: {EDEADLK} (it is this process's own group)" },
  { "for what may be our own group", function()
    kernel.need_pidfs()
    return said_under("sh -c '\"$@\"; exit' sh "
      .. "setsid -w sh -c '\"$@\" & exit' sh",
      "p:terminate(0, 'group')", [[
        local pidfd = require "pidfd"
        local await_leaderless = require "spec.programs.leaderless"
        local say = require "spec.programs.saying"
        await_leaderless()
        local p = assert(pidfd.spawn {
          "sh", "-c", "sleep 1 >&- & exit 0", pgroup = 0,
        })
        p:pid()
        p:dup():wait()
        say(arg[#arg], { p = p })
      ]])
  end, "terminate {N}: {EDEADLK} (it may be this process's own group, whose "
      .. "leader has ended)" },
  { "for our own cgroup", function()
    local output
    cgroup.with(function(path)
      output = run.under("exec", [[
        local pidfd, path = require "pidfd", arg[#arg - 1]
        local say = require "spec.programs.saying"
        local p = assert(pidfd.spawn {
          "sleep", "60", cgroup = path, pdeathsig = "KILL",
        })
        local file = assert(io.open(path .. "/cgroup.procs", "w"))
        assert(file:write("0"))
        assert(file:close())
        say(arg[#arg], { p = p })
      ]], path, "p:terminate(0, 'cgroup')")
    end)
    return output
  end, "terminate {N}: {EDEADLK} (this process is in that cgroup)" },
  { "for a table that grows", function()
    if _VERSION ~= "Lua 5.4" then
      pending("needs a collector that never rests")
    end
    return (script.run([[
      local growing = require "spec.programs.growing"
      local say = require "spec.programs.saying"
      say(arg[#arg], { env = growing() })
    ]], "pidfd.spawn { 'true', env = env }"))
  end, "bad argument #1 to 'spawn' "
      .. "(table that does not grow while it is read expected)" },
  { "without the io library", function()
    return (script.run([[
      local pidfd = require "pidfd"
      local say = require "spec.programs.saying"
      local fd = assert(pidfd.self():getfd(0))
      debug.getregistry()["FILE*"] = nil
      say(arg[#arg], { fd = fd })
    ]], "fd:file()"))
  end, "the io library is not loaded", lua = "5.2" },
  { "without io's own open", function()
    return (script.run([[
      rawset(io, "open", function()
        return true
      end)
      local pidfd = require "pidfd"
      local say = require "spec.programs.saying"
      say(arg[#arg], { fd = assert(pidfd.self():getfd(0)) })
    ]], "fd:file()"))
  end, "io.open is not the io library's", lua = "5.1" },
}

-- Calls that read /proc, where it is not mounted, and where these system calls
-- do not tell what they do since Linux 6.13, and 6.9. In 'q' is another process
-- than a child.
local OLD_IOCTL, OLD_FSTATFS = { "ioctl", "ENOTTY" }, { "fstatfs", 0 }
local NO_PROC = ": {ENOENT} (/proc is not mounted)"
local WITHOUT_PROC = {
  { "p:fds()", "fds {N}" },
  { "p:proc('stat')", "proc {N}/stat" },
  { "p:proc('oom_score_adj', '0')", "proc {N}/oom_score_adj" },
  { "p:link('exe')", "link {N}/exe" },
  { "p:list('task')", "list {N}/task" },
  { "p:children()", "children {N}" },
  { "p:token()", "token {N}", since = { 6, 9 } },
  { "pidfd.from_token('1:process:1:1:' .. ('a'):rep(36))", "from_token 1",
    since = { 6, 9 } },
  { "pidfd.spawn { 'true', oom_score_adj = 1 }",
    "spawn: open /proc/self/oom_score_adj" },
  { "p:pid()", "pid {N}", without = OLD_IOCTL },
  { "q:terminate(0)", "terminate {N}", without = OLD_IOCTL },
  { "p:namespace('net')", "namespace {N}/ns/net", without = OLD_IOCTL },
  { "pidfd.adopt(p:fileno())", "adopt {N}", without = OLD_FSTATFS },
  { "q:send_signal(0, pidfd.flags.SIGNAL_THREAD)", "send_signal {N}",
    until_ = { 6, 9 } },
  { "leaderless:getfd(0)", "getfd {N}/fd/0", since = { 6, 9 },
    needs_root = true },
}

local function need_since(row)
  if row.since then
    kernel.need(row.since[1], row.since[2], "what fails so")
  end
  if row.until_ and kernel.at_least(row.until_[1], row.until_[2]) then
    pending("this kernel does not fail so")
  end
  if row.needs_root then
    run.need_root()
  end
  if row.needs_rights then
    need_rights()
  end
end

local function escape(text)
  return (text:gsub("%p", "%%%0"))
end

-- The pattern of a message; 'names' is what the words in braces stand for.
local function pattern_of(message, names)
  return "^" .. escape(message):gsub("%%{(%u%w*)%%}", function(word)
    if word:find("^E") then
      return "%u[^()]*"
    end
    return word == "N" and "[%w/_%.]+" or escape(tostring(names[word]))
  end) .. "$"
end

-- What a call has said: it returns a failure, or raises. The errno is the one
-- that the message has in braces.
local function assert_says(row, message, names, ok, result, said, code)
  if ok and not row.raises then
    assert.is_nil(result)
    assert.equal(message:match("{(E%u+)}"), pidfd.errno[code])
  else
    assert.is_false(ok)
    said = tostring(result):gsub("^row:1: ", "")
  end
  assert.matches(pattern_of(message, names), said)
end

-- The number is another's by then, or free.
local function steal(object)
  stream.ends().close(object:fileno())
  return object
end

local make = {}

function make.closed()
  local p = assert(pidfd.self())
  p:close()
  return p
end

function make.closed_fd(names)
  local fd = assert(names.fd:dup())
  fd:close()
  return fd
end

function make.closed_file()
  local file = assert(io.open("/dev/null"))
  file:close()
  return file
end

function make.many()
  local list = {}
  for i = 1, 254 do
    list[i] = 0
  end
  return list
end

-- Two ends of a pipe, and one of a socket.
function make.input(names)
  local first, second = stream.ends().make("pipe")
  names.input, names.output = stream.of(first), stream.of(second)
  stream.ends().close(first)
  stream.ends().close(second)
  return names.input
end

function make.output(names)
  return make.input(names) and names.output
end

function make.socket(names)
  local first, second = stream.ends().make("socket")
  names.socket = stream.of(first)
  stream.ends().close(first)
  stream.ends().close(second)
  return names.socket
end

-- What the code of the rows can call.
local called = {
  pidfd = pidfd, vast = vast, steal = steal, assert = assert, io = io,
}

-- A pidfd whose number somebody has closed.
function called.stolen()
  return steal(assert(pidfd.self()))
end

-- A thread of the kernel.
function called.kthreadd()
  local p = pidfd.open(2)
  if not p or (p:proc("comm") or "") ~= "kthreadd\n" then
    pending("needs to see the threads of the kernel")
  end
  return p
end

-- One that has led a group, which lives on for a second, and was reaped.
function called.leader()
  local p = assert(pidfd.spawn { "sh", "-c", "sleep 1 & exit 3", pgroup = 0 })
  assert(p:pid())
  assert(p:wait())
  return p
end

function called.tcp()
  loopback.need()
  local socket = require "socket"
  local listener = assert(socket.bind("127.0.0.1", 0))
  local host, port = listener:getsockname()
  return assert(socket.connect(host, port))
end

-- Lend the names that the rows use: made when they are asked for.
local function with_names(use)
  child.running({ "sleep", "60", stdin = "pipe" }, function(p, pipes)
    directory.with(function(where)
      local names = {
        p = p, fd = pipes.stdin, self = assert(pidfd.self()),
        PID = assert(p:pid()), FD = pipes.stdin:fileno(), SELF = child.self(),
        script = function(text)
          local path = where .. "/script"
          directory.write(path, text .. "\n", 755)
          return path
        end,
      }
      use(setmetatable(names, { __index = function(_, name)
        return make[name] and make[name](names) or called[name]
      end }))
    end)
  end)
end

local function check(row, message)
  need_since(row)
  with_names(function(names)
    local function execute(code)
      local ok, a, b, c = pcall(assert(load(code, "=row", "t", names)))
      if not ok and type(a) == "table" then
        error(a, 0) -- pending
      end
      return ok, a, b, c
    end
    if row.before then
      assert(execute(row.before))
    end
    -- no tail call, or Lua would not know the name of the function
    assert_says(row, message, names, execute(
      ("local a, b, c = %s return a, b, c"):format(row[1])))
  end)
end

local function name_of(row)
  return row[1] .. (row.before and ", after " .. row.before or "")
end

describe("the message", function()
  for _, row in ipairs(RAISED) do
    local message = row[2]:gsub("^#", "bad argument #")
    it("of the error is whole: " .. name_of(row), function()
      check(row, message)
    end)
  end

  for _, row in ipairs(FAILED) do
    it("of the failure is whole: " .. name_of(row), function()
      check(row, row[2])
    end)
  end

  for _, row in ipairs(ELSEWHERE) do
    it("is whole " .. row[1], function()
      need_since(row)
      if row.lua and (row.lua == "5.1") ~= (_VERSION == "Lua 5.1") then
        pending("another message in " .. _VERSION)
      end
      local output = row[2]()
      if not output or output == "" then
        pending("needs root, or namespaces of its own")
      end
      local said = output:match("([^\n]*)\n$")
      assert.matches(pattern_of(row[3], {}), said)
    end)
  end
end)

local BOTH = [[
  local pidfd = require "pidfd"
  local say = require "spec.programs.saying"
  local q = assert(pidfd.open(math.tointeger(tonumber(arg[#arg - 1]))))
  say(arg[#arg], { p = assert(pidfd.self()), q = q, leaderless = q })
]]

-- Lend a process, by its number, that is what its name says.
local function with_other(name, use)
  if name == "leaderless" then
    threads.with(name, function(process)
      process.p:poll(0) -- whatever it is
      use(process.p:pid())
    end)
  else
    child.with_grandchild(function(_, pid)
      use(pid)
    end)
  end
end

describe("where /proc is not mounted, it is said by", function()
  for _, row in ipairs(WITHOUT_PROC) do
    local without = row.without
    it(row[1] .. (without and " without " .. without[1] or ""), function()
      need_since(row)
      with_other(row[1]:match("^leaderless"), function(pid)
        local options = run.without_proc
        if without then
          options = options .. " " .. run.refusing(without[1], without[2])
        end
        local output
        if row.needs_root and os.getenv("LD_PRELOAD") then
          pending("a sanitizer complains where /proc is not mounted")
        elseif row.needs_root then -- who needs rights over the other
          output = run.unshared_by_root(options, BOTH, pid, row[1])
        else
          output = run.unshared(options, BOTH, pid, row[1])
        end
        assert.matches(pattern_of(row[2] .. NO_PROC .. "\n", {}), output)
      end)
    end)
  end

  it("no call that cannot tell", function()
    local output = run.unshared(run.without_proc .. " "
      .. run.refusing("statfs", "EPERM"), BOTH, 1, "p:fds()")
    assert.matches(pattern_of("fds {N}: {ENOENT}\n", {}), output)
  end)

  it("no call for a failure that has another reason", function()
    assert.equal("spawn: execve /nonexistent: No such file or directory",
      select(2, elsewhere.without_proc "pidfd.spawn { '/nonexistent' }"))
  end)
end)

describe("where /proc is another pid namespace's, it is said by", function()
  it("p:fds()", function()
    local output = run.unshared(
      [[--pid --mount sh -c 'mount -t proc none /proc && exec "$@"' sh]],
      SAY, "pidfd.self():fds()")
    if not output:find("^fds") then
      pending("needs namespaces of its own")
    end
    assert.matches(pattern_of("fds {N}: {ENOENT} "
      .. "(/proc is that of another pid namespace)\n", {}), output)
  end)
end)

-- What the sources say: texts that have a space in them, and the calls that
-- fail.
local function sources()
  local list = {}
  for _, path in ipairs(shell.lines("ls src/*.c src/api/*.c src/lua/*.[ch] "
    .. "src/linux/launch.c src/linux/interpreter.c")) do
    local text = read(path):gsub("/%*.-%*/", ""):gsub("#include[^\n]*", "")
      :gsub("'\\?\"'", "") -- no text
    list[#list + 1] = { path = path, text = text }
  end
  return list
end

-- Not in messages; or in none that can be had.
local OTHERWISE = {
  ["pidfd (pid %d, fd %d)"] = "tostring",
  ["pidfd (reaped, fd %d)"] = "tostring",
  ["pidfd (fd %d)"] = "tostring",
  ["%s (closed)"] = "tostring",
  ["%s (%d)"] = "tostring",
  [" (timed out after %s s)"] = "tostring",
  ["closed "] = "pidfd.type",
  ["(name too long)"] = "p:fds",
  ["the child's report"] = "a pipe of ours fails",
  ["spawn: values have been taken away"] = "spawn_spec",
  ["spawn: a hook has taken the pidfd away"] = "start_held_spec",
  ["poll: values have been taken away"] = "poll_list_spec",
  ["a hook has taken it away"] = "stream_read_spec",
  ["a hook has changed its length"] = "stream_write_spec",
  ["a finalizer has taken values away"] = "collector_spec",
  ["light userdata"] = "what Lua says, since Lua 5.4",
}

-- The texts in a source; pieces that follow each other are one.
local function texts_of(text)
  local texts, place = {}, 1
  while true do
    local first, last = text:find('"', place, true)
    if not first then
      return texts
    end
    local pieces = ""
    repeat
      local stop = text:find('"', last + 1, true)
      while text:sub(stop - 1, stop - 1) == "\\" do
        stop = text:find('"', stop + 1, true)
      end
      pieces = pieces .. text:sub(last + 1, stop - 1)
      last = text:match('^%s*()"', stop + 1)
      place = stop + 1
    until not last
    texts[#texts + 1] = pieces:gsub('\\(["\\])', "%1")
  end
end

local function messages()
  local list = {}
  for _, rows in ipairs { RAISED, FAILED } do
    for _, row in ipairs(rows) do
      list[#list + 1] = row[2]:gsub("^#", "bad argument #")
    end
  end
  for _, row in ipairs(ELSEWHERE) do
    list[#list + 1] = row[3]
  end
  for _, row in ipairs(WITHOUT_PROC) do
    list[#list + 1] = row[2] .. NO_PROC
  end
  list[#list + 1] = "(/proc is that of another pid namespace)"
  return list
end

local function is_in_row(pattern)
  for _, message in ipairs(messages()) do
    if message:find(pattern) then
      return true
    end
  end
  return false
end

describe("the table of messages", function()
  it("has a row for each text of the sources", function()
    for _, source in ipairs(sources()) do
      for _, text in ipairs(texts_of(source.text)) do
        local pattern = escape(text):gsub("%%%%[sdI]", ".-")
        local missing = text:find("%a.* ") and not OTHERWISE[text]
          and not is_in_row(pattern)
        assert.is_false(missing or false, source.path .. ": " .. text)
      end
    end
  end)

  it("has a row for each call that fails", function()
    for _, source in ipairs(sources()) do
      for call, name in source.text:gmatch('([%l_]+)%(L, "([%l_]+)"') do
        if call:find("about") or call:find("fail") then
          assert.is_true(is_in_row("^" .. name .. "[ :]"),
            source.path .. ": " .. name)
        end
      end
    end
  end)
end)
