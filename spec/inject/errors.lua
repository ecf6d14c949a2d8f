-- What each system call may fail with: what its man page says, and what a
-- filter, a tracer, a security module or a full machine adds to any call.

local COMMON = "ENOSYS EPERM EINTR EMFILE ENOMEM EAGAIN EIO EACCES"

local SPECIAL = {
  capget = "EINVAL EFAULT ESRCH",
  chdir = "ELOOP ENAMETOOLONG ENOENT ENOTDIR",
  clone = "EINVAL ENOSPC EUSERS EBUSY",
  clone3 = "EINVAL EBADF EBUSY EEXIST ENOSPC EOPNOTSUPP EUSERS E2BIG",
  close = "EBADF ENOSPC EDQUOT",
  close_range = "EINVAL EBADF",
  dup2 = "EBADF EBUSY",
  dup3 = "EBADF EBUSY",
  execve = "EINVAL E2BIG EISDIR ELOOP ELIBBAD ENAMETOOLONG ENFILE ENOENT ENOEXEC "
    .. "ENOTDIR ETXTBSY ENODEV ESTALE",
  fcntl = "EINVAL EBADF EBUSY EDEADLK ENOLCK",
  fstat = "EBADF EOVERFLOW",
  fstatfs = "EBADF EOVERFLOW",
  getdents64 = "EINVAL EBADF ENOENT ENOTDIR",
  getsockopt = "EINVAL EBADF ENOTSOCK ENOPROTOOPT ENODATA ESRCH",
  ioctl = "EINVAL EBADF ENOTTY ESRCH EREMOTE EOPNOTSUPP",
  newfstatat = "EBADF ELOOP ENAMETOOLONG ENOENT ENOTDIR EOVERFLOW",
  openat = "EINVAL EBADF EISDIR ELOOP ENAMETOOLONG ENFILE ENODEV ENOENT ENOTDIR "
    .. "ENXIO EOVERFLOW EROFS ETXTBSY ESRCH",
  openat2 = "EINVAL E2BIG EBADF ELOOP ENAMETOOLONG ENFILE ENOENT ENOTDIR EXDEV ESRCH",
  pidfd_getfd = "EINVAL EBADF ENFILE ESRCH",
  pidfd_open = "EINVAL ENFILE ENODEV ESRCH ENOENT",
  pidfd_send_signal = "EINVAL EBADF ESRCH",
  pipe2 = "EINVAL ENFILE ENOPKG",
  ppoll = "EINVAL EFAULT",
  prctl = "EINVAL EFAULT EBUSY",
  pread64 = "EINVAL EBADF EISDIR ENXIO ESPIPE ESRCH",
  process_madvise = "EINVAL EBADF EFAULT ESRCH EBUSY",
  process_mrelease = "EINVAL EBADF ESRCH",
  read = "EINVAL EBADF EISDIR ESRCH",
  readlinkat = "EINVAL EBADF ELOOP ENAMETOOLONG ENOENT ENOTDIR ESRCH",
  setns = "EINVAL EBADF ESRCH EUSERS",
  rt_sigaction = "EINVAL",
  setpgid = "EINVAL ESRCH",
  setresgid = "EINVAL",
  setresuid = "EINVAL",
  socket = "EINVAL EAFNOSUPPORT ENFILE ENOBUFS EPROTONOSUPPORT",
  tgkill = "EINVAL ESRCH",
  wait4 = "EINVAL ECHILD",
  waitid = "EINVAL ECHILD EBADF ESRCH",
  write = "EINVAL EBADF EFBIG ENOSPC EPIPE EDQUOT EOPNOTSUPP EBUSY ENODEV",
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
