-- Real processes to point at. Each is over before the spec ends, and is killed
-- if the specs end before.

local ensure = require "spec.support.ensure"
local pidfd = require "pidfd"
local spawned = require "spec.support.spawned"

local child = {}

-- Start a program with these options of pidfd.spawn, and lend its pidfd, and
-- the pipes, to 'use'. Then end it.
function child.running(options, use)
  options.pdeathsig = "KILL"
  spawned.with(options, use)
end

-- The same, with one that writes a line once it is ready: 'use' gets the line
-- instead of the pipes.
function child.ready(options, use)
  options.stdout = "pipe"
  child.running(options, function(p, pipes)
    local output = assert(pipes.stdout:file())
    ensure(use, function()
      output:close()
    end, p, output:read())
  end)
end

-- The same, with a shell in which nothing happens any more, memory included:
-- what only sleeps may not have got that far.
function child.stopped(options, use)
  options.pdeathsig = "KILL"
  spawned.stopped(options, use)
end

-- All others lend a pidfd and the pid.
local function with_pid(use)
  return function(p)
    use(p, assert(p:pid()))
  end
end

-- A shell that runs this command to its end.
function child.shell(command, use)
  child.running({ "sh", "-c", command }, with_pid(use))
end

-- A child that only sleeps, and has done this in a shell before.
function child.after(command, use)
  command = command .. "; echo; exec sleep 60"
  child.ready({ "sh", "-c", command }, with_pid(use))
end

-- The same, with one that holds what these redirections open.
function child.holding(redirections, use)
  child.after("exec " .. redirections, use)
end

-- A child that only sleeps.
function child.with(use)
  child.running({ "sleep", "60" }, with_pid(use))
end

-- A child that is over, by KILL, and has not been waited for.
function child.with_zombie(use)
  child.with(function(p, pid)
    assert(p:send_signal("KILL"))
    assert(p:poll())
    use(p, pid)
  end)
end

-- A child that is over, by KILL, and has been waited for: not by this pidfd,
-- which would remember it.
function child.with_reaped(use)
  child.with_zombie(function(p, pid)
    local other = assert(p:dup())
    assert(other:wait())
    other:close()
    use(p, pid)
  end)
end

-- Call 'use' again and again while a child ends, by KILL, with its pidfd and
-- whether it is over. For a moment it has no memory any more, and then belongs
-- to root.
function child.with_ending(use)
  for _ = 1, 20 do
    child.with(function(p)
      p:send_signal("KILL")
      repeat
        local ended = p:poll(0)
        use(p, ended)
      until ended
    end)
  end
end

-- The process whose pid this shell command tells, which is the shell's own, or
-- that of one for which the shell waits.
function child.of(command, use)
  child.ready({ "sh", "-c", command }, function(shell, said)
    local pid = math.tointeger(tonumber(said))
    local p, ours = assert(pidfd.open(pid)), assert(pidfd.open(pid))
    ensure(use, function()
      p:close()
      ours:send_signal("KILL")
      ours:close()
      shell:wait()
    end, p, pid)
  end)
end

-- One that only sleeps, and is another's child.
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
  local pid
  child.with_reaped(function(_, number)
    pid = number
  end)
  return pid
end

return child
