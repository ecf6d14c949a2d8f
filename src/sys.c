#define _GNU_SOURCE /* ppoll */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/* numbers are the same on every architecture since Linux 5.1 */
#if !defined(SYS_pidfd_send_signal)
#define SYS_pidfd_send_signal 424
#endif

#if !defined(SYS_pidfd_open)
#define SYS_pidfd_open 434
#endif

#if !defined(SYS_pidfd_getfd)
#define SYS_pidfd_getfd 438
#endif


/*
** The only place that reads 'errno': on the line after the call that
** set it, before anything else can change it.
*/
static int result (long rc) {
  return (rc == -1) ? -errno : (int)rc;
}


/*
** {=====================================================================
** pidfds
** ======================================================================
*/

int pfd_sys_open (pid_t pid, unsigned int flags) {
  return result(syscall(SYS_pidfd_open, pid, flags));
}


int pfd_sys_getfd (int pidfd, int targetfd, unsigned int flags) {
  return result(syscall(SYS_pidfd_getfd, pidfd, targetfd, flags));
}


int pfd_sys_send_signal (int pidfd, int sig, siginfo_t *info,
                         unsigned int flags) {
  return result(syscall(SYS_pidfd_send_signal, pidfd, sig, info, flags));
}


/* the system call itself: the C library's has no rusage */
int pfd_sys_waitid (int pidfd, siginfo_t *info, int options,
                    struct rusage *usage) {
  return result(syscall(SYS_waitid, PFD_P_PIDFD, pidfd, info, options, usage));
}


int pfd_sys_info (int pidfd, Info *info) {
  return result(ioctl(pidfd, PFD_GET_INFO, info));
}

/* }=================================================================== */


/*
** {=====================================================================
** descriptors
** ======================================================================
*/

/*
** Never called twice for one descriptor: on Linux the descriptor is
** gone even when close(2) reports EINTR, and another thread may own
** its number by then.
*/
int pfd_sys_close (int fd) {
  return result(close(fd));
}


int pfd_sys_dup (int fd) {
  return result(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}


int pfd_sys_cloexec (int fd) {
  return result(fcntl(fd, F_SETFD, FD_CLOEXEC));
}


/* the status flags of the open file */
int pfd_sys_flags (int fd) {
  return result(fcntl(fd, F_GETFL));
}


int pfd_sys_nonblock (int fd, int on) {
  int flags = pfd_sys_flags(fd);
  if (flags < 0)
    return flags;
  flags = on ? (flags | O_NONBLOCK) : (flags & ~O_NONBLOCK);
  return result(fcntl(fd, F_SETFL, flags));
}


/* 1 for a pidfd since Linux 6.9, 0 for anything else */
int pfd_sys_onpidfs (int fd) {
  struct statfs fs;
  int rc = result(fstatfs(fd, &fs));
  return (rc < 0) ? rc : (fs.f_type == PID_FS_MAGIC);
}


int pfd_sys_inode (int fd, unsigned long long *inode) {
  struct stat status;
  int rc = result(fstat(fd, &status));
  if (rc == 0)
    *inode = status.st_ino;
  return rc;
}


int pfd_sys_fdopen (int fd, const char *mode, FILE **file) {
  *file = fdopen(fd, mode);
  return result((*file == NULL) ? -1 : 0);
}

/* }=================================================================== */


/*
** {=====================================================================
** files and directories
** ======================================================================
*/

int pfd_sys_openat (int dir, const char *path, int flags) {
  return result(openat(dir, path, flags | O_CLOEXEC));
}


int pfd_sys_read (int fd, void *buffer, size_t size) {
  return result(read(fd, buffer, size));
}


int pfd_sys_getdents (int dir, void *buffer, size_t size) {
  return result(syscall(SYS_getdents64, dir, buffer, size));
}


int pfd_sys_readlinkat (int dir, const char *path, char *buffer, size_t size) {
  return result(readlinkat(dir, path, buffer, size));
}

/* }=================================================================== */


/*
** {=====================================================================
** waiting
** ======================================================================
*/

#define NANO 1000000000LL


/* the monotonic clock */
long long pfd_sys_now (void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux */
  return now.tv_sec * NANO + now.tv_nsec;
}


/* with 'mask', if there is one, as the signal mask for as long as it sleeps */
int pfd_sys_poll (struct pollfd *fds, nfds_t n, long long timeout,
                  const sigset_t *mask) {
  struct timespec time = {.tv_sec = timeout / NANO, .tv_nsec = timeout % NANO};
  return result(ppoll(fds, n, (timeout < 0) ? NULL : &time, mask));
}


void pfd_sys_blocksignals (sigset_t *old) {
  sigset_t all;
  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, old);
}


void pfd_sys_setsignals (const sigset_t *mask) {
  (void)pthread_sigmask(SIG_SETMASK, mask, NULL);
}

/* }=================================================================== */


pid_t pfd_sys_getpid (void) {
  return getpid();
}


pid_t pfd_sys_gettid (void) {
  return (pid_t)syscall(SYS_gettid);
}


uid_t pfd_sys_getuid (void) {
  return getuid();
}
