-- What one can read and write: two ends of a pipe, a socket, a terminal, each
-- a pidfd.fd.

local compiled = require "spec.support.compiled"
local ensure = require "spec.support.ensure"
local handled = require "spec.support.handled"
local pidfd = require "pidfd"
local pending = require "spec.support.pending"
local run = require "spec.support.run"

local stream = {}

-- Of each kind, the first end is read, and the second is written.
stream.kinds = { "pipe", "fifo", "socket", "master", "slave" }

function stream.ends()
  compiled.need("ends")
  return require "ends"
end

-- The pidfd.fd for a number of this process, which stays open.
function stream.of(number)
  local self = assert(pidfd.self())
  local fd = assert(self:getfd(number))
  self:close()
  return fd
end

local function take(number)
  local fd = stream.of(number)
  stream.ends().close(number)
  return fd
end

-- Call 'use' with the end to read, and the end to write.
function stream.with(kind, use)
  local first, second = stream.ends().make(kind)
  local input, output = take(first), take(second)
  ensure(use, function()
    input:close()
    output:close()
  end, input, output)
end

-- Fill it, and return how many bytes that took.
function stream.fill(output)
  local _, _, code, written = output:write(("x"):rep(2 ^ 20), 0)
  assert(code == pidfd.errno.ETIMEDOUT)
  return written
end

-- The next 'n' bytes, or fewer if they do not come: a terminal takes its time.
function stream.take(input, n)
  local parts, length = {}, 0
  while length < n do
    local part = input:read(n - length, 10)
    if not part or part == "" then
      break
    end
    parts[#parts + 1] = part
    length = length + #part
  end
  return table.concat(parts)
end

-- Run a program that has such a stream, by spec/programs/stream.lua, and signal
-- handlers. Returns what it printed, and how it ended.
function stream.handled(kind, program, ...)
  stream.ends()
  return handled(program, kind, ...)
end

-- For a spec that looks at memory, which a sanitizer uses in its own way.
function stream.need_plain_memory()
  if os.getenv("ASAN_OPTIONS") then
    pending("needs memory without a sanitizer")
  end
end

-- Options of strace(1), by kernel: poll(2) reports what another process has
-- taken by the time of the call. In the second, files also refuse to be read
-- and written without waiting, as pipes did before Linux 6.4.
local LIE = "-e inject=ppoll:retval=1"
local REFUSE = "-e inject=preadv2,pwritev2:error=EOPNOTSUPP"
stream.lies = { new = LIE, old = LIE .. " " .. REFUSE }

-- Run a program that has such a stream, by spec/programs/stream.lua, under
-- strace(1), which spoils system calls as its options tell, but for 20 seconds
-- only. Returns its output.
function stream.spoil(options, kind, program)
  stream.ends()
  if run.under("strace -qq -o /dev/null", "print 'ok'") ~= "ok\n" then
    pending("needs strace")
  end
  return run.under("timeout 20 strace -qq -o /dev/null " .. options,
    program, kind)
end

return stream
