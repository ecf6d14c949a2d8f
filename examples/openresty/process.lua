-- Waits for processes in nginx with ngx_lua, as OpenResty has it: the request
-- that waits waits, and the worker goes on with all others.
--
--   local pidfd, process = require "pidfd", require "process"
--   local p = assert(pidfd.spawn { "convert", "in.png", "out.jpg" })
--   local how, code, errno = process.wait(p, 30)
--
-- Both functions return what p:wait() does, and fail with ETIMEDOUT when the
-- time, in seconds, is over.
--
-- nginx waits for every child of its workers when SIGCHLD comes, and throws
-- the exit status away. Linux 6.15 keeps it in the pidfd, so that it does not
-- matter; before, how a process ended may be "unknown".

local pidfd = require "pidfd"

local process = {}

local SHORTEST, LONGEST = 0.001, 0.1

-- Looks again and again, at first after 1 ms and in the end ten times a second.
-- Wherever ngx.sleep works: in timers, too.
function process.wait(p, timeout)
  local deadline = timeout and ngx.now() + timeout or math.huge
  local pause = SHORTEST
  while true do
    local how, code, errno = p:wait(0)
    local left = deadline - ngx.now()
    if how or errno ~= pidfd.errno.ETIMEDOUT or left <= 0 then
      return how, code, errno
    end
    ngx.sleep(math.min(pause, math.max(left, SHORTEST)))
    pause = math.min(pause * 2, LONGEST)
  end
end

-- A thread of the pool waits, and tells at once. Only while a request is
-- rewritten, checked or answered: see ngx.run_worker_thread. A thread is taken
-- for as long as it waits, and nginx does not end before it: give it a timeout.
--
-- The thread gets a descriptor of its own, as this request may be aborted, and
-- 'p' closed, while the thread still waits.
function process.wait_in_thread(pool, p, timeout)
  local copy, message, errno = p:dup()
  if not copy then
    return nil, message, errno
  end
  local fd = copy:release()
  local ok, how, code
  ok, how, code, errno = ngx.run_worker_thread(pool, "process", "wait_for", fd,
    timeout)
  if not ok then -- it has not come to wait_for
    pidfd.adopt(fd):close()
    return nil, how
  end
  return how, code, errno
end

-- What runs in the thread, in a Lua state of its own.
function process.wait_for(fd, timeout)
  local p = pidfd.adopt(fd)
  local ok, how, code, errno = pcall(p.wait, p, timeout)
  p:close()
  if not ok then
    return nil, how
  end
  return how, code, errno
end

return process
