#define _GNU_SOURCE /* RWF_NOWAIT */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "wide.h"

#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>


/* of preadv2(2) and pwritev2(2): where the file is now, as read and write */
#define HERE (-1L)


/* what kind of file it is, and which device, as stat(2) tells */
int pfd_sys_kind (int fd, mode_t *type, dev_t *device) {
  struct stat status;
  int rc, tries = 0;
  do
    rc = pfd_sys_result(fstat(fd, &status));
  while (pfd_sys_again(&rc, &tries));
  if (rc == 0) {
    *type = status.st_mode & S_IFMT;
    *device = status.st_rdev;
  }
  return rc;
}


int pfd_sys_isterminal (int fd) {
  return isatty(fd);
}


int pfd_sys_recv (int socket, void *buffer, size_t size) {
  return pfd_sys_result(recv(socket, buffer, size, MSG_DONTWAIT));
}


int pfd_sys_send (int socket, const void *buffer, size_t size) {
  int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  return pfd_sys_result(send(socket, buffer, size, flags));
}


/* EOPNOTSUPP where the file cannot do this: pipes can since Linux 6.4 */
int pfd_sys_readnow (int fd, void *buffer, size_t size) {
  struct iovec to = {.iov_base = buffer, .iov_len = size};
  return pfd_sys_result(
    syscall(SYS_preadv2, fd, &to, 1L, HERE, HERE, RWF_NOWAIT));
}


/* the same; it only reads from 'buffer' */
int pfd_sys_writenow (int fd, const void *buffer, size_t size) {
  union {
    const void *constant;
    void *base;
  } data = {buffer};
  struct iovec from = {.iov_base = data.base, .iov_len = size};
  return pfd_sys_result(
    syscall(SYS_pwritev2, fd, &from, 1L, HERE, HERE, RWF_NOWAIT));
}


/* the same pipe or terminal once more, with status flags of its own */
int pfd_sys_reopen (int fd, int flags) {
  char path[sizeof("/proc/thread-self/fd/") + sizeof(fd) * CHAR_BIT / 3];
  (void)snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", fd);
  return pfd_sys_openat(AT_FDCWD, path, flags | O_NOCTTY);
}


/* how many bytes there are to be read; a file may have more than an int */
int pfd_sys_unread (int fd) {
  int n = 0;
  int rc = pfd_sys_result(ioctl(fd, FIONREAD, &n));
  if (rc < 0)
    return rc;
  return (n < 0) ? INT_MAX : n;
}


static sigset_t onlysigpipe (void) {
  sigset_t set;
  (void)sigemptyset(&set);
  (void)sigaddset(&set, SIGPIPE);
  return set;
}


/* block SIGPIPE in this thread; returns whether one is pending already */
int pfd_sys_blocksigpipe (sigset_t *old) {
  sigset_t pending, set = onlysigpipe();
  (void)pthread_sigmask(SIG_BLOCK, &set, old);
  (void)sigpending(&pending);
  return sigismember(&pending, SIGPIPE);
}


/* take back a SIGPIPE that is pending: this thread's before the process's */
void pfd_sys_dropsigpipe (void) {
  struct timespec now = {0};
  sigset_t set = onlysigpipe();
  (void)sigtimedwait(&set, NULL, &now);
}
