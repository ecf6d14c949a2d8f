-- The descriptors of this process: how many, which, and in what state.

local ensure = require "spec.support.ensure"
local pidfd = require "pidfd"
local read = require "spec.support.read"

local fds = {}

-- What an open descriptor can be, as fdinfo shows it. The numbers are octal,
-- and of x86 and of most others.
local bits = {
  NONBLOCK = tonumber("4000", 8),
  CLOEXEC = tonumber("2000000", 8),
}

local function all()
  local p = assert(pidfd.self())
  local list = assert(p:fds())
  p:close()
  return list
end

function fds.count()
  local n = 0
  for _ in pairs(all()) do
    n = n + 1
  end
  return n
end

-- The number of the descriptor that is open on the file of that name.
function fds.number(path)
  for number, target in pairs(all()) do
    if target == path then
      return number
    end
  end
end

function fds.is_open(number)
  local file = io.open("/proc/self/fdinfo/" .. number)
  if file then
    file:close()
  end
  return file ~= nil
end

-- Make a pidfd whose descriptor has that number, which is free.
function fds.take(number)
  local o = assert(pidfd.self())
  if o:fileno() == number then
    return o
  end
  local taken = fds.take(number)
  o:close()
  return taken
end

-- Is the flag "NONBLOCK" or "CLOEXEC" set?
function fds.has(number, flag)
  local octal = read("/proc/self/fdinfo/" .. number):match("flags:%s*(%d+)")
  local flags = tonumber(octal, 8)
  return math.floor(flags / bits[flag]) % 2 == 1
end

-- How many descriptors are left over from many calls of 'make', once the
-- collector has been there. What was garbage before does not count.
function fds.leaked(make)
  collectgarbage()
  local before = fds.count()
  for _ = 1, 64 do
    make()
  end
  collectgarbage()
  return fds.count() - before
end

-- Call 'use' with a new file, opened in that mode of io.open ("w+" if absent),
-- the number of its descriptor, and its path; it is gone afterwards.
function fds.with_file(use, mode)
  local path = os.tmpname()
  local file = assert(io.open(path, mode or "w+"))
  ensure(use, function()
    os.remove(path)
    if io.type(file) == "file" then
      file:close()
    end
  end, file, fds.number(path), path)
end

return fds
