#define _GNU_SOURCE /* O_PATH */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys.h"


/* fdinfo of a pidfd has six short lines at most */
#define FDINFOSIZE 1024

#define PATHSIZE 64


/* fill 'text', a string of at most FDINFOSIZE bytes */
static int readfdinfo (int fd, char *text) {
  char path[PATHSIZE];
  (void)snprintf(path, sizeof(path), "/proc/thread-self/fdinfo/%d", fd);
  int file = pfd_sys_openat(AT_FDCWD, path, O_RDONLY);
  if (file < 0)
    return file;
  int rc = pfd_sys_read(file, text, FDINFOSIZE - 1);
  (void)pfd_sys_close(file);
  if (rc >= 0)
    text[rc] = '\0';
  return rc;
}


pid_t pfd_process_procpid (int pidfd) {
  char text[FDINFOSIZE];
  int rc = readfdinfo(pidfd, text);
  if (rc < 0)
    return rc;
  const char *line = strstr(text, "\nPid:");
  if (line == NULL)
    return -EBADF;
  long pid = strtol(line + sizeof("\nPid:") - 1, NULL, 10);
  if (pid < 0)
    return -ESRCH;
  return (pid == 0) ? -EREMOTE : (pid_t)pid;
}


/* with O_PATH it is a name only, of which nothing can be asked */
int pfd_process_check (int fd) {
  int rc = pfd_sys_flags(fd);
  if (rc < 0 || (rc & O_PATH))
    return -EBADF;
  rc = pfd_sys_onpidfs(fd);
  if (rc != 0)
    return (rc == 1) ? 0 : rc;
  rc = pfd_process_procpid(fd); /* before Linux 6.9 */
  return (rc > 0 || rc == -ESRCH || rc == -EREMOTE) ? 0 : rc;
}


/* does /proc count as this process does, or is it another namespace's? */
static int isourproc (void) {
  char self[PATHSIZE];
  int length =
    pfd_sys_readlinkat(AT_FDCWD, "/proc/self", self, sizeof(self) - 1);
  if (length < 0)
    return 0;
  self[length] = '\0';
  return strtol(self, NULL, 10) == pfd_sys_getpid();
}


pid_t pfd_process_pid (int pidfd) {
  Info info = {.mask = PIDFD_INFO_PID};
  int rc = pfd_sys_info(pidfd, &info);
  if (rc == -ENOTTY || rc == -EINVAL) { /* before Linux 6.13 */
    pid_t pid = pfd_process_procpid(pidfd);
    return (pid > 0 && !isourproc()) ? -EREMOTE : pid;
  }
  if (rc == -ESRCH) /* reaped; before Linux 7.0 also: not visible */
    return (pfd_process_procpid(pidfd) == -EREMOTE) ? -EREMOTE : rc;
  return (rc < 0) ? rc : (pid_t)info.pid;
}


/* before Linux 6.9 all pidfds share one inode, which tells nothing */
int pfd_process_id (int pidfd, unsigned long long *id) {
  int rc = pfd_sys_onpidfs(pidfd);
  if (rc < 1)
    return (rc < 0) ? rc : -EOPNOTSUPP;
  return pfd_sys_inode(pidfd, id);
}


/*
** The number cannot pass to another process before ours is reaped. If
** the pidfd has the same number after the open as before, then the file
** is our process's, and stays so whatever happens to the number later.
*/
int pfd_process_open (int pidfd, const char *name, int flags) {
  pid_t pid = pfd_process_procpid(pidfd);
  if (pid < 0)
    return pid;
  char path[PATHSIZE];
  (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
  int fd = pfd_sys_openat(AT_FDCWD, path, flags);
  pid_t after = pfd_process_procpid(pidfd);
  if (after == pid)
    return fd;
  if (fd >= 0)
    (void)pfd_sys_close(fd);
  return (after < 0) ? after : -ESRCH;
}


/* POLLHUP is told since Linux 6.9 */
int pfd_process_events (int pidfd) {
  struct pollfd event = {.fd = pidfd, .events = POLLIN};
  int rc;
  do
    rc = pfd_sys_poll(&event, 1, 0, NULL);
  while (rc == -EINTR);
  if (event.revents & POLLNVAL)
    return -EBADF;
  return (rc > 0) ? event.revents : rc;
}
