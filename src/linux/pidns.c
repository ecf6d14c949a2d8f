#include "pidns.h"

#include <errno.h>

#include "process.h"
#include "sys.h"

/* how often a number is tried that passes to another process meanwhile */
#define TRIES 100


/* any number will do: the kernel looks at the namespace first */
int pfd_pidns_check (int fd) {
  int rc = pfd_sys_onnsfs(fd);
  if (rc < 1)
    return (rc < 0) ? rc : -EINVAL;
  rc = pfd_sys_translate(fd, NS_GET_PID_FROM_PIDNS, 1);
  return (rc > 0 || rc == -ESRCH) ? 0 : rc;
}


/* as long as the pidfd has its number here, nobody else does */
pid_t pfd_pidns_number (int ns, int pidfd) {
  pid_t here = pfd_process_pid(pidfd);
  if (here < 0)
    return here;
  int there = pfd_sys_translate(ns, NS_GET_PID_IN_PIDNS, here);
  pid_t after = pfd_process_pid(pidfd);
  if (after != here)
    return (after < 0) ? after : -ESRCH;
  return (there == -ESRCH) ? -ENOENT : there;
}


/* own 'fd' if it has that number there */
static int keep (int ns, pid_t pid, int fd) {
  pid_t there = pfd_pidns_number(ns, fd);
  if (there == pid)
    return fd;
  (void)pfd_sys_close(fd);
  int isother = there > 0 || there == -ESRCH || there == -ENOENT;
  return isother ? -EAGAIN : there;
}


/* a refusal is believed if the number is still that of the same process */
static int tryopen (int ns, pid_t pid, unsigned int flags) {
  int here = pfd_sys_translate(ns, NS_GET_PID_FROM_PIDNS, pid);
  if (here < 0)
    return here;
  int fd = pfd_sys_open(here, flags);
  if (fd >= 0)
    return keep(ns, pid, fd);
  int again = pfd_sys_translate(ns, NS_GET_PID_FROM_PIDNS, pid);
  return (fd == -ESRCH || again != here) ? -EAGAIN : fd;
}


int pfd_pidns_open (int ns, pid_t pid, unsigned int flags) {
  int rc, tries = 0;
  do
    rc = tryopen(ns, pid, flags);
  while (rc == -EAGAIN && ++tries < TRIES);
  return rc;
}
