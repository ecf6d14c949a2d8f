-- Programs in a pid namespace of their own, where the kernel can be made to
-- hand out a number again.

local pending = require "spec.support.pending"
local run = require "spec.support.run"

local reused = {}

local PRELUDE = [[
  local pidfd = require "pidfd"

  local function errno(_, _, code)
    return code and pidfd.errno[code]
  end

  local function set_last_pid(pid)
    local file = io.open("/proc/sys/kernel/ns_last_pid", "w")
    if not file or not file:write(pid) or not file:close() then
      print("impossible")
      os.exit(0)
    end
  end

  local null = assert(io.open("/dev/null"))

  -- A child that sleeps, and has descriptor 7.
  local function start()
    return assert(pidfd.spawn { "sleep", "60", fds = { [7] = null } })
  end

  -- End a child, and start another one, which gets its number.
  local function replace(old)
    local pid = old:pid()
    assert(old:dup()):terminate(10) -- so that 'old' itself is not told
    set_last_pid(pid - 1)
    local new = start()
    assert(new:pid() == pid, "the number has not been handed out again")
    return new
  end
]]

-- Run such a program, which may use what stands above. Returns its output.
function reused.run(program, ...)
  local output = run.unshared("--pid --fork --mount-proc", PRELUDE .. program,
    ...)
  if not output or output:find("impossible\n$") then
    pending("needs a pid namespace of its own, and ns_last_pid")
  end
  return output
end

return reused
