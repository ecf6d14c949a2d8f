#include <errno.h>
#include <signal.h>

#include "../compat.h"

#include "../linux/process.h"
#include "../linux/sys.h"
#include "../lua/arg.h"
#include "../lua/await.h"
#include "../lua/block.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


/* it, or one of its threads, which would not go alone */
static int isthisprocess (int pidfd) {
  pid_t tid = pfd_process_pid(pidfd);
  return tid > 0 && pfd_sys_isthread(tid);
}


/* one that is over already needs no signal */
static int stop (lua_State *L, int sig, long long deadline, End *end) {
  Handle *p = pfd_handle_openas(L, 1, PFD_PIDFD);
  if (isthisprocess(p->fd))
    return -EDEADLK;
  int rc = pfd_sys_send_signal(p->fd, sig, NULL, 0);
  if (rc < 0 && rc != -ESRCH)
    return rc;
  return pfd_await(L, 1, deadline, end);
}


/*
** p:terminate (grace)
** End the process: send SIGTERM, wait 'grace' seconds, send SIGKILL if it
** runs still, and wait for the end.
**
** Returns what p:wait returns, or fails with
**   EPERM    no permission to signal it
**   EINVAL   it lives in a foreign pid namespace
**   EDEADLK  it is this process or a thread of it, and gets no signal
**   EMFILE, ENFILE  no descriptor left to read /proc
*/
int pfd_l_terminate (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  long long deadline = pfd_arg_seconds(L, 2);
  End end;
  int rc = pfd_await(L, 1, PFD_NOWAIT, &end);
  if (rc == 0 || rc == -ETIMEDOUT)
    rc = stop(L, SIGTERM, deadline, &end);
  if (rc == -ETIMEDOUT)
    rc = stop(L, SIGKILL, PFD_FOREVER, &end);
  return (rc < 0) ? pfd_fail(L, "terminate", rc) : pfd_await_push(L, end);
}
