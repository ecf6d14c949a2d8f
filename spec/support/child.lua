-- Real processes to point at. Each is a child of the spec's, made with
-- what Lua has, and is over before the spec ends.

local ensure = require "spec.support.ensure"
local pidfd = require "pidfd"

local child = {}

-- Start a shell command whose pid stays the shell's (end it with "exec"
-- where it matters). Returns the pid and the file to be closed, which
-- waits for the child and answers as os.execute does.
function child.start(command)
  local file = assert(io.popen("echo $$; " .. command))
  return file:read("n"), file
end

-- A child that lives until it is killed; its output is closed.
function child.sleeping()
  return child.start("exec sleep 60 >&-")
end

-- Call 'use' with a pidfd for the child and its pid; then end the child.
local function lend(use, pid, file)
  local p, ours = assert(pidfd.open(pid)), assert(pidfd.open(pid))
  ensure(use, function()
    p:close()
    ours:send_signal("KILL")
    ours:close()
    file:close()
  end, p, pid)
end

-- Run a shell command that tells the pid of itself, or of a process that it
-- waits for, and then runs until that is killed; lend that process to 'use'.
function child.of(command, use)
  local file = assert(io.popen(command))
  lend(use, file:read("n"), file)
end

-- The same, with a child that holds what these redirections open.
function child.holding(redirections, use)
  child.of("exec " .. redirections .. "; echo $$; exec sleep 60", use)
end

-- The same, with a child that only sleeps.
function child.with(use)
  lend(use, child.sleeping())
end

-- The same, with a child that is over and has not been waited for.
function child.with_zombie(use)
  child.with(function(p, pid)
    assert(p:send_signal("KILL"))
    assert(p:poll())
    use(p, pid)
  end)
end

-- The same, with a child that is over and has been waited for.
function child.with_reaped(use)
  local pid, file = child.sleeping()
  local p = assert(pidfd.open(pid))
  assert(p:send_signal("KILL"))
  file:close()
  ensure(use, function()
    p:close()
  end, p, pid)
end

-- The same, with one that only sleeps, and is another's child.
function child.with_grandchild(use)
  child.of("exec 2>/dev/null; sleep 60 >&- & echo $!; wait", use)
end

-- The pid of this process.
function child.self()
  local p = assert(pidfd.self())
  local pid = assert(p:pid())
  p:close()
  return pid
end

-- The pid of a child that is over and has been waited for.
function child.reaped()
  local pid, file = child.start("exec true")
  file:close()
  return pid
end

return child
