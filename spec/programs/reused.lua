-- For a program in a pid namespace of its own, where the kernel can be made to
-- hand out a number again: see spec/support/reused.lua.

local pidfd = require "pidfd"

local reused = {}

-- The name of the errno with which a call fails, or nil.
function reused.errno(_, _, code)
  return code and pidfd.errno[code]
end

local null = assert(io.open("/dev/null"))

-- A child that sleeps, started by that command, and has descriptor 7.
function reused.start(...)
  local words = { fds = { [7] = null }, ... }
  table.move({ "sleep", "60" }, 1, 2, #words + 1, words)
  return assert(pidfd.spawn(words))
end

-- End a child, and start another one, which gets its number.
function reused.replace(old)
  local pid = old:pid()
  assert(old:dup()):terminate(60) -- so that 'old' itself is not told
  local _, status = reused.start(os.getenv("REBORN"), tostring(pid)):wait()
  if status ~= 0 then
    print("impossible")
    os.exit(0)
  end
  return assert(pidfd.open(pid))
end

return reused
