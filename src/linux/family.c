#include "family.h"

#include <errno.h>
#include <stdlib.h>

#include "process.h"
#include "sys.h"


/* the numbers of the process and of its parent, in this pid namespace */
typedef struct Ids {
  pid_t process, parent;
} Ids;


/*
** Before Linux 6.13, the process of a thread is the one with its directory. The
** directory was there: if a file is missing in it, the process has been reaped
** meanwhile.
*/
static int readids (int pidfd, Ids *ids) {
  int ours = pfd_process_isourproc();
  if (ours <= 0)
    return (ours < 0) ? ours : -EREMOTE;
  int dir = pfd_process_open(pidfd, "", O_RDONLY | O_DIRECTORY);
  if (dir < 0)
    return dir;
  long long process = 0, parent = 0;
  int rc = pfd_process_status(dir, "status", "\nTgid:", &process);
  if (rc == 0)
    rc = pfd_process_stat(dir, "stat", PFD_PARENT, &parent);
  (void)pfd_sys_close(dir);
  *ids = (Ids){.process = (pid_t)process, .parent = (pid_t)parent};
  return (rc == -ENOENT) ? -ESRCH : rc;
}


static int getids (int pidfd, Ids *ids) {
  Info info = {.mask = PIDFD_INFO_PID};
  int rc = pfd_sys_info(pidfd, &info);
  if (pfd_process_isuntold(rc, &info))
    return readids(pidfd, ids);
  *ids = (Ids){.process = (pid_t)info.tgid, .parent = (pid_t)info.ppid};
  return rc;
}


pid_t pfd_family_process (int pidfd) {
  Ids ids = {.process = 0};
  int rc = getids(pidfd, &ids);
  return (rc < 0) ? rc : ids.process;
}


/*
** As of the moment when the child told its parent's number: 'parent' had that
** number then, if it has it afterwards. No process has the number 0, which
** stands for a parent that cannot be seen from here.
*/
static int ischild (int child, int parent) {
  Ids its = {.process = 0}, theirs = {.process = 0};
  int rc = getids(child, &its);
  if (rc == 0)
    rc = getids(parent, &theirs);
  if (rc < 0)
    return (rc == -ESRCH) ? 0 : rc;
  return its.parent > 0 && its.parent == theirs.process;
}


int pfd_family_open (int parent, pid_t pid) {
  int child = pfd_sys_open(pid, 0);
  if (child < 0)
    return pfd_process_isfree(child) ? -ESRCH : child;
  int rc = ischild(child, parent);
  if (rc == 1)
    return child;
  (void)pfd_sys_close(child);
  return (rc < 0) ? rc : -ESRCH;
}
