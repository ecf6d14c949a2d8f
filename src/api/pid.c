#include <errno.h>

#include "../compat.h"

#include "../linux/pidns.h"
#include "../linux/process.h"
#include "../lua/about.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


static int readpid (int pidfd, void *unused) {
  (void)unused;
  return pfd_process_pid(pidfd);
}


static int readthere (int pidfd, int ns) {
  int rc = pfd_pidns_check(ns);
  return (rc == 0) ? pfd_pidns_number(ns, pidfd) : rc;
}


/* -EINVAL and -ENOENT are what pidns.h says, and nothing else's */
static int failthere (lua_State *L, int rc) {
  const char *call = pfd_about(L, "pid", 1);
  if (rc == -EINVAL)
    return pfd_fail_hint(L, call, "that is no pid namespace", rc);
  if (rc == -ENOENT)
    return pfd_fail_hint(L, call, "it is not in that pid namespace", -ESRCH);
  return pfd_fail_before(L, call, "6.11", rc);
}


static int pushthere (lua_State *L) {
  int rc, tries = 0;
  do {
    int ns = pfd_handle_openas(L, 2, PFD_FD)->fd;
    rc = readthere(pfd_handle_openas(L, 1, PFD_PIDFD)->fd, ns);
  } while (pfd_handle_retry(L, rc, &tries));
  if (rc < 0)
    return failthere(L, rc);
  lua_pushinteger(L, rc);
  return 1;
}


/*
** p:pid ([namespace])
** ioctl(2), PIDFD_GET_INFO: the number of the process in this pid
** namespace; before Linux 6.13 it is read from /proc. NS_GET_PID_IN_PIDNS:
** its number in another, a pidfd.fd of p:namespace("pid").
**
** Returns an integer, or fails with
**   ESRCH   the process has been reaped: the number may be another's now
**   EREMOTE it lives in a pid namespace that cannot be seen from here
**   ESRCH   with 'namespace': it is not in that one
**   EINVAL  'namespace' is no pid namespace
**   ENOTTY  with 'namespace': before Linux 6.11
**   ENOENT  before Linux 6.13: /proc is not mounted
**   EMFILE, ENFILE  before Linux 6.13: no descriptor left to read /proc
*/
int pfd_l_pid (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  if (lua_gettop(L) > 1)
    return pushthere(L);
  int rc = pfd_handle_try(L, 1, readpid, NULL);
  if (rc > 0)
    ((Handle *)lua_touserdata(L, 1))->end.pid = rc;
  if (rc < 0)
    return pfd_fail_proc(L, pfd_about(L, "pid", 1), rc);
  lua_pushinteger(L, rc);
  return 1;
}
