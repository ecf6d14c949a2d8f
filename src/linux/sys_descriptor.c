#define _GNU_SOURCE /* pipe2, F_SETPIPE_SZ */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "wide.h"

#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>


/* how many this process may have; LONG_MAX where there is no limit */
long pfd_sys_maxdescriptors (void) {
  struct rlimit limit = {.rlim_cur = 0};
  (void)getrlimit(RLIMIT_NOFILE, &limit);
  return (limit.rlim_cur > LONG_MAX) ? LONG_MAX : (long)limit.rlim_cur;
}


int pfd_sys_dup (int fd) {
  return pfd_sys_result(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}


int pfd_sys_cloexec (int fd) {
  return pfd_sys_result(fcntl(fd, F_SETFD, FD_CLOEXEC));
}


/* the status flags of the open file */
int pfd_sys_flags (int fd) {
  return pfd_sys_result(fcntl(fd, F_GETFL));
}


int pfd_sys_isopen (int fd) {
  return fcntl(fd, F_GETFD) != -1;
}


/* open, and not close-on-exec */
int pfd_sys_isinherited (int fd) {
  int flags = fcntl(fd, F_GETFD);
  return flags != -1 && !(flags & FD_CLOEXEC);
}


int pfd_sys_pipe (int ends[2]) {
  return pfd_sys_result(pipe2(ends, O_CLOEXEC));
}


/* the kernel rounds it up; EPERM beyond what this user may have */
int pfd_sys_setpipesize (int pipe, int size) {
  return pfd_sys_result(fcntl(pipe, F_SETPIPE_SZ, size));
}


int pfd_sys_nonblock (int fd, int on) {
  int flags = pfd_sys_flags(fd);
  if (flags < 0)
    return flags;
  flags = on ? (flags | O_NONBLOCK) : (flags & ~O_NONBLOCK);
  return pfd_sys_result(fcntl(fd, F_SETFL, flags));
}


/* 1 if the descriptor is on the file system of that number, or 0 */
static int ison (int fd, unsigned long magic) {
  struct statfs fs = {.f_type = 0}; /* a filter may answer for the kernel */
  int rc, tries = 0;
  do
    rc = pfd_sys_result(fstatfs(fd, &fs));
  while (pfd_sys_again(&rc, &tries));
  return (rc < 0) ? rc : ((unsigned long)fs.f_type == magic);
}


/* 1 if /proc is what it should be, 0 if nothing is mounted there */
int pfd_sys_isproc (void) {
  struct statfs fs = {.f_type = 0};
  int rc = pfd_sys_result(statfs("/proc", &fs));
  return (rc < 0) ? rc : ((unsigned long)fs.f_type == PROC_SUPER_MAGIC);
}


/* 1 for a pidfd since Linux 6.9, 0 for anything else */
int pfd_sys_onpidfs (int fd) {
  return ison(fd, PID_FS_MAGIC);
}


/* 1 for a namespace, 0 for anything else */
int pfd_sys_onnsfs (int fd) {
  return ison(fd, NSFS_MAGIC);
}


static int getstatus (int fd, struct stat *status) {
  int rc, tries = 0;
  do
    rc = pfd_sys_result(fstat(fd, status));
  while (pfd_sys_again(&rc, &tries));
  return rc;
}


int pfd_sys_owner (int fd, uid_t *owner) {
  struct stat status;
  int rc = getstatus(fd, &status);
  if (rc == 0)
    *owner = status.st_uid;
  return rc;
}


int pfd_sys_inode (int fd, unsigned long long *inode) {
  struct stat status;
  int rc = getstatus(fd, &status);
  if (rc == 0)
    *inode = status.st_ino;
  return rc;
}


int pfd_sys_fileno (FILE *file) {
  return pfd_sys_result(fileno(file));
}


/* 'mode' is one of io.open's; EINVAL if the open file does not allow it */
static int checkmode (int fd, const char *mode) {
  int flags = pfd_sys_flags(fd);
  if (flags < 0)
    return flags;
  int access = flags & O_ACCMODE;
  int reads = *mode == 'r' || strchr(mode, '+') != NULL;
  int writes = *mode != 'r' || strchr(mode, '+') != NULL;
  int misfits = (reads && access == O_WRONLY) || (writes && access == O_RDONLY);
  return misfits ? -EINVAL : 0;
}


/* the C library need not check the mode, and musl does not */
int pfd_sys_fdopen (int fd, const char *mode, FILE **file) {
  int rc = checkmode(fd, mode);
  if (rc < 0)
    return rc;
  *file = fdopen(fd, mode);
  return pfd_sys_result((*file == NULL) ? -1 : 0);
}
