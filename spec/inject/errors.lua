-- What each system call may fail with: what its man page says, and what a
-- filter, a tracer, a security module or a full machine adds to any call.

local COMMON = "ENOSYS EPERM EINTR EMFILE ENOMEM EAGAIN EIO EACCES EINVAL"

local SPECIAL = {
  capget = "EFAULT ESRCH",
  chdir = "ELOOP ENAMETOOLONG ENOENT ENOTDIR",
  clone = "ENOSPC EUSERS EBUSY",
  clone3 = "EBADF EBUSY EEXIST ENOSPC EOPNOTSUPP EUSERS E2BIG",
  close = "EBADF ENOSPC EDQUOT",
  close_range = "EBADF",
  dup2 = "EBADF EBUSY",
  dup3 = "EBADF EBUSY",
  execve = "E2BIG EISDIR ELOOP ELIBBAD ENAMETOOLONG ENFILE ENOENT ENOEXEC "
    .. "ENOTDIR ETXTBSY ENODEV ESTALE",
  fcntl = "EBADF EBUSY EDEADLK ENOLCK",
  fstat = "EBADF EOVERFLOW",
  fstatfs = "EBADF EOVERFLOW",
  getdents64 = "EBADF ENOENT ENOTDIR",
  getsockopt = "EBADF ENOTSOCK ENOPROTOOPT ENODATA ESRCH",
  ioctl = "EBADF ENOTTY ESRCH EREMOTE EOPNOTSUPP",
  newfstatat = "EBADF ELOOP ENAMETOOLONG ENOENT ENOTDIR EOVERFLOW",
  openat = "EBADF EISDIR ELOOP ENAMETOOLONG ENFILE ENODEV ENOENT ENOTDIR "
    .. "ENXIO EOVERFLOW EROFS ETXTBSY ESRCH",
  openat2 = "E2BIG EBADF ELOOP ENAMETOOLONG ENFILE ENOENT ENOTDIR EXDEV ESRCH",
  pidfd_getfd = "EBADF ENFILE ESRCH",
  pidfd_open = "ENFILE ENODEV ESRCH ENOENT",
  pidfd_send_signal = "EBADF ESRCH",
  pipe2 = "ENFILE ENOPKG",
  ppoll = "EFAULT",
  prctl = "EFAULT EBUSY",
  pread64 = "EBADF EISDIR ENXIO ESPIPE ESRCH",
  process_madvise = "EBADF EFAULT ESRCH EBUSY",
  process_mrelease = "EBADF ESRCH",
  read = "EBADF EISDIR ESRCH",
  readlinkat = "EBADF ELOOP ENAMETOOLONG ENOENT ENOTDIR ESRCH",
  setns = "EBADF ESRCH EUSERS",
  setpgid = "ESRCH",
  socket = "EAFNOSUPPORT ENFILE ENOBUFS EPROTONOSUPPORT",
  tgkill = "ESRCH",
  wait4 = "ECHILD",
  waitid = "ECHILD EBADF ESRCH",
  write = "EBADF EFBIG ENOSPC EPIPE EDQUOT EOPNOTSUPP EBUSY ENODEV",
}

-- The names of the errors that system call 'call' may fail with.
return function(call)
  local names, seen = {}, {}
  for name in (COMMON .. " " .. (SPECIAL[call] or "")):gmatch("%S+") do
    if not seen[name] then
      seen[name] = true
      names[#names + 1] = name
    end
  end
  return names
end
