-- The same system calls through LuaJIT's FFI, on bare numbers: nothing
-- owns a descriptor here. See run.lua.

local ffi = require "ffi"

-- Without the "..." that syscall(2) has: LuaJIT compiles no such calls.
ffi.cdef [[
  long syscall(long number, long a, long b, long c, long d);
  int close(int fd);
  int getpid(void);
  struct pollfd { int fd; short events, revents; };
  struct timespec { long tv_sec, tv_nsec; };
  int ppoll(struct pollfd *fds, unsigned long n, struct timespec *timeout,
            const void *mask);
]]
local C = ffi.C

local SEND_SIGNAL, OPEN, GETFD = 424, 434, 438
local POLLIN = 1
local STDOUT = 1

local function check(rc)
  if rc < 0 then
    error("errno " .. ffi.errno())
  end
  return tonumber(rc)
end

local function open(pid)
  return check(C.syscall(OPEN, pid, 0, 0, 0))
end

local measures = {}

function measures.open(count)
  local pid = C.getpid()
  for _ = 1, count do
    check(C.close(open(pid)))
  end
end

function measures.getfd(count)
  local p = open(C.getpid())
  for _ = 1, count do
    check(C.close(check(C.syscall(GETFD, p, STDOUT, 0, 0))))
  end
end

function measures.send_signal(count)
  local p = open(C.getpid())
  for _ = 1, count do
    check(C.syscall(SEND_SIGNAL, p, 0, 0, 0))
  end
end

function measures.poll(count)
  local event = ffi.new("struct pollfd", open(C.getpid()), POLLIN)
  local now = ffi.new("struct timespec")
  for _ = 1, count do
    check(C.ppoll(event, 1, now, nil))
  end
end

local jit = require "jit"
dofile(arg[0]:match("^.*/") .. "measure.lua")(jit.version, measures)
