-- What one can read and write: two ends of a pipe, a socket, a terminal, each
-- a pidfd.fd. A spec file that uses this says "teardown(compiled.remove)".

local compiled = require "spec.support.compiled"
local ensure = require "spec.support.ensure"
local pidfd = require "pidfd"
local pending = require "spec.support.pending"

local stream = {}

-- Of each kind, the first end is read, and the second is written.
stream.kinds = { "pipe", "fifo", "socket", "master", "slave" }

function stream.ends()
  if not compiled.module("ends") then
    pending("needs a C compiler")
  end
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

-- Everything that is there now.
function stream.drain(input)
  local parts = {}
  while true do
    local part = input:read(65536, 0)
    if not part or part == "" then
      return table.concat(parts)
    end
    parts[#parts + 1] = part
  end
end

-- The beginning of a program that has a stream of that kind: 'input', 'output'.
stream.BEGINNING = [[
  local pidfd = require "pidfd"
  local ends = require "ends"
  local self = assert(pidfd.self())
  local first, second = ends.make(%q)
  local input, output = self:getfd(first), self:getfd(second)
  ends.close(first)
  ends.close(second)
]]

return stream
