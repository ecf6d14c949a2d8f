-- Programs in a pid namespace of their own, where the kernel can be made to
-- hand out a number again. See compiled.lua.

local compiled = require "spec.support.compiled"
local pending = require "spec.support.pending"
local run = require "spec.support.run"

local reused = {}

local PRELUDE = [[
  local pidfd = require "pidfd"

  local function errno(_, _, code)
    return code and pidfd.errno[code]
  end

  local null = assert(io.open("/dev/null"))

  -- A child that sleeps, started by that command, and has descriptor 7.
  local function start(...)
    local words = { fds = { [7] = null }, ... }
    table.move({ "sleep", "60" }, 1, 2, #words + 1, words)
    return assert(pidfd.spawn(words))
  end

  -- End a child, and start another one, which gets its number.
  local function replace(old)
    local pid = old:pid()
    assert(old:dup()):terminate(60) -- so that 'old' itself is not told
    local _, status = start(%q, tostring(pid)):wait()
    if status ~= 0 then
      print("impossible")
      os.exit(0)
    end
    return assert(pidfd.open(pid))
  end
]]

-- Run such a program, which may use what stands above. Returns its output.
function reused.run(program, ...)
  local reborn = compiled.program("reborn")
  if not reborn then
    pending("needs a C compiler")
  end
  local output = run.unshared("--pid --fork --mount-proc",
    PRELUDE:format(reborn) .. program, ...)
  if not output or output:find("impossible\n$") then
    pending("needs a pid namespace of its own")
  end
  return output
end

return reused
