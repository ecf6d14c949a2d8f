local pidfd = require "pidfd"
local sorted = require "spec.support.sorted"

-- Numbers that are the same on every architecture.
local known = {
  errno = {
    EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EIO = 5, EBADF = 9,
    ECHILD = 10, EAGAIN = 11, ENOMEM = 12, EACCES = 13, EINVAL = 22,
    ENFILE = 23, EMFILE = 24, ENOTTY = 25, ENOSPC = 28,
  },
  signal = {
    HUP = 1, INT = 2, QUIT = 3, ILL = 4, TRAP = 5, ABRT = 6, FPE = 8, KILL = 9,
    SEGV = 11, PIPE = 13, ALRM = 14, TERM = 15,
  },
}

for table_name, expected in sorted(known) do
  local list = pidfd[table_name]

  describe("pidfd." .. table_name, function()
    for name, number in sorted(expected) do
      it(("has %s for %d, and %d for it"):format(name, number, number),
        function()
          assert.equal(number, list[name])
          assert.equal(name, list[number])
        end)
    end

    it("has a name for each number, and that number for the name", function()
      for key, value in pairs(list) do
        if math.type(key) then
          assert.equal(key, list[value])
        else
          assert.equal("integer", math.type(value))
          assert.equal(value, list[list[value]])
        end
      end
    end)

    it("has nothing else", function()
      assert.is_nil(list.NOPE)
      assert.is_nil(list[0])
      assert.is_nil(list[100000])
    end)
  end)
end

describe("pidfd.errno", function()
  it("has second names, which are not the number's", function()
    assert.equal(pidfd.errno.EAGAIN, pidfd.errno.EWOULDBLOCK)
    assert.equal("EAGAIN", pidfd.errno[pidfd.errno.EWOULDBLOCK])
    assert.equal("EOPNOTSUPP", pidfd.errno[pidfd.errno.ENOTSUP])
  end)

  it("has the numbers that io functions return", function()
    local _, _, code = io.open("/nowhere/at all")
    assert.equal("ENOENT", pidfd.errno[code])
    _, _, code = io.open("/", "w")
    assert.equal("EISDIR", pidfd.errno[code])
  end)
end)

describe("pidfd.signal", function()
  it("has second names, which are not the number's", function()
    assert.equal(pidfd.signal.ABRT, pidfd.signal.IOT)
    assert.equal("ABRT", pidfd.signal[pidfd.signal.IOT])
    assert.equal("IO", pidfd.signal[pidfd.signal.POLL])
  end)

  it("has the numbers by which the shell kills itself", function()
    for _, name in ipairs { "TERM", "KILL", "USR1", "USR2", "ALRM" } do
      -- os.execute() may take an errno that system(3) has left for a failure.
      local pipe = io.popen("sh -c 'kill -" .. name .. " $$'; echo $?")
      assert.equal(128 + pidfd.signal[name], pipe:read("n"))
      pipe:close()
    end
  end)

  it("has the bounds of the real-time signals", function()
    assert.equal("RTMIN", pidfd.signal[pidfd.signal.RTMIN])
    assert.equal("RTMAX", pidfd.signal[pidfd.signal.RTMAX])
    assert.is_true(pidfd.signal.RTMIN >= 32)
    assert.is_true(pidfd.signal.RTMAX >= 64)
  end)
end)

describe("pidfd.flags", function()
  it("has integers, each under a name in upper case", function()
    for name, value in pairs(pidfd.flags) do
      assert.matches("^[A-Z_]+$", name)
      assert.equal("integer", math.type(value))
    end
  end)

  -- The first two are those of x86, and of most others.
  it("has the kernel's values", function()
    assert.same({
      NONBLOCK = 0x800, THREAD = 0x80,
      SIGNAL_THREAD = 1, SIGNAL_THREAD_GROUP = 2, SIGNAL_PROCESS_GROUP = 4,
      WNOHANG = 1, WSTOPPED = 2, WEXITED = 4, WCONTINUED = 8,
      WNOWAIT = 0x01000000, __WALL = 0x40000000, __WCLONE = 0x80000000,
      COREDUMPED = 1, COREDUMP_SKIP = 2, COREDUMP_USER = 4, COREDUMP_ROOT = 8,
    }, pidfd.flags)
  end)
end)
