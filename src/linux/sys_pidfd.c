#define _GNU_SOURCE /* setns */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "sys.h"

#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>


_Static_assert(sizeof(Usage) == 18 * sizeof(__kernel_long_t),
               "the kernel's struct has 18 numbers");


/* the system call itself: the C library's has no 'usage' */
int pfd_sys_waitid (int pidfd, siginfo_t *info, int options, Usage *usage) {
  return pfd_sys_result(
    syscall(SYS_waitid, PFD_P_PIDFD, pidfd, info, options, usage));
}


/*
** The system call itself: the request is unsigned, and does not fit into the
** int that musl's ioctl takes.
*/
int pfd_sys_info (int pidfd, Info *info) {
  return pfd_sys_result(syscall(SYS_ioctl, pidfd, PFD_GET_INFO, info));
}


int pfd_sys_namespace (int pidfd, unsigned int kind, long arg) {
  return pfd_sys_result(
    syscall(SYS_ioctl, pidfd, PFD_GET_NAMESPACE(kind), arg));
}


/* a pid from, or in, another pid namespace; the request is unsigned, too */
int pfd_sys_translate (int ns, unsigned int request, pid_t pid) {
  return pfd_sys_result(syscall(SYS_ioctl, ns, request, (long)pid));
}


int pfd_sys_setns (int pidfd, int kinds) {
  return pfd_sys_result(setns(pidfd, kinds));
}


int pfd_sys_mrelease (int pidfd) {
  return pfd_sys_result(syscall(SYS_process_mrelease, pidfd, 0));
}


ssize_t pfd_sys_madvise (int pidfd, const struct iovec *ranges, size_t n,
                         int advice) {
  return pfd_sys_size(
    syscall(SYS_process_madvise, pidfd, ranges, n, advice, 0));
}


int pfd_sys_unixsocket (void) {
  return pfd_sys_result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}


/* with a shorter length the kernel would make a descriptor and not tell it */
int pfd_sys_peer (int socket) {
  int pidfd = -1;
  socklen_t length = sizeof(pidfd);
  int rc = pfd_sys_result(
    getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length));
  return (rc < 0) ? rc : pidfd;
}
