-- The kernel's struct has been laid out anew: each release's is given to the
-- module here, whatever kernel runs.

local intercepted = require "spec.support.intercepted"
local sorted = require "spec.support.sorted"

local PID, CREDS, CGROUPID, EXIT = 1, 2, 4, 8
local COREDUMP, SUPPORTED, SIGNAL, CODE = 16, 32, 64, 128

-- Up to 'coredump_signal', with another number in each field.
local function start(mask)
  return string.pack("=I8I8" .. ("I4"):rep(14), mask, 20, 1, 2, 3, 4, 5, 6, 7,
    8, 9, 10, 11, 139, 21, 22)
end

local BEFORE = PID + CREDS + CGROUPID + EXIT + COREDUMP

-- What a kernel of that release answers, which fills in all that it knows.
local LAYOUTS = {
  ["6.13"] = start(PID + CREDS + CGROUPID):sub(1, 64),
  ["6.15"] = start(PID + CREDS + CGROUPID + EXIT):sub(1, 64),
  ["6.16"] = start(BEFORE),
  ["6.19"] = start(BEFORE + SUPPORTED + SIGNAL)
    .. string.pack("=I8", BEFORE + SUPPORTED + SIGNAL),
  ["7.1"] = start(BEFORE + SUPPORTED + SIGNAL + CODE)
    .. string.pack("=i4I4I8", -6, 0, BEFORE + SUPPORTED + SIGNAL + CODE),
  ["7.1 without code"] = start(BEFORE + SUPPORTED + SIGNAL)
    .. string.pack("=i4I4I8", 0, 0, BEFORE + SUPPORTED + SIGNAL + CODE),
  ["a later one"] = start(BEFORE + SUPPORTED + SIGNAL + CODE + 256)
    .. string.pack("=i4I4I8I8", -6, 0, BEFORE + SUPPORTED + SIGNAL + CODE + 256,
      23),
}

-- The 80 bytes of Linux 7.0 hold 'supported_mask' where 'coredump_code' is now,
-- and that mask may look like a code.
local EXPECTED = {
  ["6.13"] = "nil\tnil\tnil\tnil\tfalse",
  ["6.15"] = "11\tnil\tnil\tnil\tfalse",
  ["6.16"] = "11\t21\tnil\tnil\tfalse",
  ["6.19"] = "11\t21\t22\tnil\tfalse",
  ["7.1"] = "11\t21\t22\t-6\ttrue",
  ["7.1 without code"] = "11\t21\t22\tnil\ttrue",
  ["a later one"] = "11\t21\t22\t-6\ttrue",
}

local PROGRAM = [[
  local pidfd = require "pidfd"
  local info = assert(pidfd.self():info())
  assert(info.pid == 1 and info.fsgid == 11 and info.cgroupid == 20)
  print(info.exit and info.exit.code, info.coredump_mask, info.coredump_signal,
    info.coredump_code, pidfd.supports("coredump_code"))
]]

describe("what p:info() tells, and pidfd.supports('coredump_code'),",
  function()
    for release, bytes in sorted(LAYOUTS) do
      it("is read as Linux " .. release .. " lays it out", function()
        local path = os.tmpname()
        local file = assert(io.open(path, "wb"))
        file:write(bytes)
        file:close()
        local output = intercepted.run("INFO=" .. path, PROGRAM)
        os.remove(path)
        assert.equal(EXPECTED[release] .. "\n", output)
      end)
    end
  end)
