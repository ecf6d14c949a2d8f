-- For a program that p:setns() moves.

local pidfd = require "pidfd"
local self = assert(pidfd.self())

local setns = { self = self }

-- A child that runs under unshare(1), and has done this.
function setns.start(options, command)
  local line = "exec unshare %s sh -c '%s; echo; exec sleep 60'"
  local p, pipes = assert(pidfd.spawn { "sh", "-c",
    line:format(options, command), stdout = "pipe", pdeathsig = "KILL" })
  pipes.stdout:file():read()
  return p
end

function setns.hostname()
  local file = assert(io.open("/proc/sys/kernel/hostname"))
  return file:read()
end

-- Has this process the same namespace as 'p'?
function setns.shares(p, kind)
  local ours, theirs = self:namespace(kind), p:namespace(kind)
  local list = self:fds()
  return list[ours:fileno()] == list[theirs:fileno()]
end

function setns.errno(_, _, code)
  return pidfd.errno[code]
end

return setns
