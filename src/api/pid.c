#include "../compat.h"

#include "../linux/process.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


static int readpid (int pidfd, void *unused) {
  (void)unused;
  return pfd_process_pid(pidfd);
}


/*
** p:pid ()
** ioctl(2), PIDFD_GET_INFO: the number of the process in this pid
** namespace. Before Linux 6.13 it is read from /proc.
**
** Returns an integer, or fails with
**   ESRCH   the process has been reaped: the number may be another's now
**   EREMOTE it lives in a pid namespace that cannot be seen from here
**   ENOENT  before Linux 6.13: /proc is not mounted
**   EMFILE, ENFILE  before Linux 6.13: no descriptor left to read /proc
*/
int pfd_l_pid (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  int rc = pfd_handle_try(L, 1, readpid, NULL);
  if (rc < 0)
    return pfd_fail(L, "pid", rc);
  lua_pushinteger(L, rc);
  return 1;
}
