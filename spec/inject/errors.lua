-- What each system call may fail with: what its man page says of such a use as
-- the module's; and what a seccomp filter, a security module or a tracer may
-- have any call fail with. Those are passed on as they are.

local FOREIGN = "ENOSYS EPERM EINTR EMFILE ENOMEM EAGAIN EIO EACCES EINVAL "
  .. "ENOENT ESRCH EBUSY EOPNOTSUPP EFAULT EISDIR EREMOTE ENOSPC EXDEV E2BIG"

-- EINTR only where the call can wait: else no signal interrupts it.
local OWN = {
  chdir = "EACCES EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR",
  clone = "EAGAIN ENOMEM",
  clone3 = "EACCES EAGAIN EBADF EBUSY EINVAL ENOENT ENOMEM EOPNOTSUPP",
  close = "EBADF EDQUOT EINTR EIO ENOSPC",
  close_range = "EINVAL EMFILE ENOMEM ENOSYS",
  dup2 = "EBADF EBUSY EMFILE",
  dup3 = "EBADF EBUSY EMFILE",
  execve = "E2BIG EACCES EAGAIN EINVAL EIO ELIBBAD ELOOP EMFILE ENFILE "
    .. "ENAMETOOLONG ENOENT ENOEXEC ENOMEM ENOTDIR EPERM ETXTBSY",
  fcntl = "EBADF EMFILE",
  fstat = "EBADF ENOMEM",
  fstatfs = "EBADF EIO ENOMEM ENOSYS",
  getdents64 = "EBADF ENOENT",
  getsockopt = "EBADF EINVAL ENODATA ENOPROTOOPT ENOTSOCK ESRCH",
  ioctl = "EBADF ENOTTY ESRCH",
  newfstatat = "EBADF ENOMEM",
  openat = "EACCES EMFILE ENFILE ENOENT ENOMEM EPERM ESRCH",
  openat2 = "EACCES EAGAIN ELOOP EMFILE ENAMETOOLONG ENFILE "
    .. "ENOENT ENOMEM ENOTDIR ESRCH",
  pidfd_getfd = "EBADF EINVAL EMFILE ENFILE EPERM ESRCH",
  pidfd_open = "EINVAL EMFILE ENFILE ENOENT ENOMEM ESRCH",
  pidfd_send_signal = "EAGAIN EBADF EINVAL EPERM ESRCH",
  pipe2 = "EMFILE ENFILE",
  poll = "EINTR EINVAL ENOMEM",
  ppoll = "EINTR EINVAL ENOMEM",
  prctl = "EINVAL",
  pread64 = "EACCES EAGAIN EIO EISDIR EPERM ESRCH",
  process_madvise = "EACCES EBADF EBUSY EFAULT EINVAL ENOMEM EPERM ESRCH",
  process_mrelease = "EAGAIN EBADF EINVAL ENOSYS ESRCH",
  read = "EACCES EAGAIN EIO ENOMEM EPERM ESRCH",
  readlinkat = "EACCES ENOENT ENOMEM ESRCH",
  recvmsg = "EAGAIN EBADF ECONNRESET EINTR EINVAL ENOMEM ENOTCONN ENOTSOCK",
  sendmsg = "EAGAIN EBADF ECONNREFUSED ECONNRESET EDESTADDRREQ EINTR EINVAL "
    .. "EMSGSIZE ENOBUFS ENOMEM ENOTCONN ENOTSOCK EOPNOTSUPP EPERM EPIPE "
    .. "ETOOMANYREFS",
  setns = "EBADF EINVAL ENOMEM EPERM ESRCH EUSERS",
  setpgid = "EACCES EINVAL EPERM",
  setresgid = "EINVAL EPERM",
  setresuid = "EAGAIN EINVAL EPERM",
  setsid = "EPERM",
  setsockopt = "EBADF ENOPROTOOPT ENOTSOCK EOPNOTSUPP",
  socket = "EACCES EAFNOSUPPORT EMFILE ENFILE ENOBUFS ENOMEM",
  tgkill = "ESRCH",
  wait4 = "ECHILD EINTR",
  waitid = "EAGAIN EBADF ECHILD",
  write = "EACCES EAGAIN EBADF EBUSY EIO EINTR ENODEV ENOMEM ENOSPC EOPNOTSUPP "
    .. "EPIPE ESRCH",
}

local errors = {}

local function words(text)
  local set = {}
  for word in text:gmatch("%S+") do
    set[word] = true
  end
  return set
end

-- The names of the errors that system call 'call' is to fail with, in order.
function errors.of(call)
  local names = {}
  for name in pairs(words(FOREIGN .. " " .. (OWN[call] or ""))) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

-- Is it begun again after EINTR for as long as it takes? Any other call is
-- begun again a number of times.
function errors.waits(call)
  return words("poll ppoll")[call]
end

-- Is it one that the kernel itself would not have the call fail with, when the
-- module's function makes it?
function errors.is_foreign(call, name, caller)
  local starts = caller == "pidfd.spawn" or caller == "pidfd.run"
  if starts and name == "ESRCH" then
    return true -- it reads of no other process in /proc
  elseif caller == "pidfd.run" and name == "ENOSPC" then
    return true -- it writes to pipes only
  elseif call == "getsockopt" and caller ~= "pidfd.peer" then
    return name ~= "EBADF" and name ~= "ENOTSOCK" -- a socket's type
  end
  if caller == "pidfd.spawn" and call == "write" then
    return true -- it writes to /proc and to cgroups only
  end
  if caller == "p:proc" and call == "write"
    and words("EBUSY ENODEV ENOSPC EOPNOTSUPP EPIPE")[name] then
    return true -- pipes and files of cgroups say so, but none of /proc
  end
  if caller == "p:terminate" and (name == "ESRCH" or name == "EISDIR") then
    return true -- files of cgroups do not say so
  end
  return not words(OWN[call] or "")[name]
end

return errors
