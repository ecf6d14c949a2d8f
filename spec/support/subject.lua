-- Programs that specs look at, started by pidfd.spawn.

local compiled = require "spec.support.compiled"
local ensure = require "spec.support.ensure"
local pidfd = require "pidfd"

local subject = {}

-- Start a program with these options of pidfd.spawn, and lend its pidfd, and
-- the pipes, to 'use'. Then end it.
function subject.running(options, use)
  options.pdeathsig = "KILL"
  local p, pipes = assert(pidfd.spawn(options))
  ensure(use, function()
    p:send_signal("KILL")
    p:wait()
    p:close()
  end, p, pipes)
end

-- The same, with one that writes a line once it is ready: 'use' gets the line
-- instead of the pipes.
function subject.with(options, use)
  options.stdout = "pipe"
  subject.running(options, function(p, pipes)
    local output = assert(pipes.stdout:file())
    ensure(use, function()
      output:close()
    end, p, output:read())
  end)
end

-- The same, with a shell in which nothing happens any more, memory included:
-- what only sleeps may not have got that far. 'env' is its environment.
function subject.steady(use, env)
  local command = "echo ready; kill -STOP $$"
  subject.with({ "sh", "-c", command, env = env }, use)
end

-- The same, with a process of subject.c, whose arguments come first in
-- 'options'. A spec file that uses it says "teardown(compiled.remove)".
function subject.special(options, use)
  local program = compiled.program("subject")
  if not program then
    pending("needs a C compiler")
  end
  table.insert(options, 1, program)
  subject.with(options, use)
end

return subject
