/*
** The system calls that are made most often, for sys.h: here, and not behind a
** function, because a processor cannot predict the returns that follow a
** system call, and has to wait at each.
*/

#ifndef pfd_sys_call_h
#define pfd_sys_call_h

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include "kernel.h"

/*
** Declared here as in unistd.h, which cannot be included: it also declares
** 'write', 'pause' and others, which are names of static functions in files
** that include this.
*/
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
long syscall (long, ...); /* NOLINT(readability-redundant-declaration) */
#pragma GCC diagnostic pop

#pragma GCC visibility push(hidden)


/*
** The result of a system call, or -errno where that is -1. The only functions
** that read 'errno': they are called with the result of the system call that
** set it, before anything else can change it.
*/
static inline ssize_t pfd_sys_size (long rc) {
  return (rc == -1) ? -errno : rc;
}


static inline int pfd_sys_result (long rc) {
  return (int)pfd_sys_size(rc);
}


static inline int pfd_sys_open (pid_t pid, unsigned int flags) {
  return pfd_sys_result(syscall(SYS_pidfd_open, pid, flags));
}


static inline int pfd_sys_getfd (int pidfd, int targetfd, unsigned int flags) {
  return pfd_sys_result(syscall(SYS_pidfd_getfd, pidfd, targetfd, flags));
}


static inline int pfd_sys_send_signal (int pidfd, int sig, siginfo_t *info,
                                       unsigned int flags) {
  return pfd_sys_result(
    syscall(SYS_pidfd_send_signal, pidfd, sig, info, flags));
}


/*
** Never called twice for one descriptor: on Linux the descriptor is
** gone even when close(2) reports EINTR, and another thread may own
** its number by then. Not close(3), in which a thread can be cancelled.
*/
static inline int pfd_sys_close (int fd) {
  return pfd_sys_result(syscall(SYS_close, fd));
}


/* sys_wait.c; a negative timeout is for ever */
int pfd_sys_poll (struct pollfd *fds, nfds_t n, long long timeout,
                  const sigset_t *mask);


/*
** 'pfd_sys_poll' that does not wait. Zeros are the same time in each layout
** that a kernel has. On machines of 32 bits the kernel may lack this call
** (ENOSYS). Any kernel refuses more entries than RLIMIT_NOFILE (EINVAL).
*/
static inline int pfd_sys_pollnow (struct pollfd *fds, nfds_t n) {
  long long zero[2] = {0, 0};
  int rc =
    pfd_sys_result(syscall(SYS_ppoll, fds, n, zero, (sigset_t *)NULL, 0));
  return (rc == -EINVAL || rc == -ENOSYS) ? pfd_sys_poll(fds, n, 0, NULL) : rc;
}


#pragma GCC visibility pop

#endif
