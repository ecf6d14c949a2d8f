#include "../compat.h"

#include "../lua/arg.h"
#include "../lua/await.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


/*
** p:wait ([timeout])
** waitid(2), and where that has no answer PIDFD_GET_INFO and /proc: wait
** at most 'timeout' seconds for the end of any process, child or not. A
** child is reaped.
**
** Returns "exit" and the exit status, or "signal" and its number; or
** "unknown" and nil if the process is over but nobody tells how. Asked
** again, it returns the same. Or it fails with
**   ETIMEDOUT  the time is over, and it runs still
**   EDEADLK    it is this process
**   EMFILE, ENFILE  no descriptor left to read /proc
**
** How a process ended that is not ours to wait for is told by Linux 6.15
** as soon as it is reaped; by any Linux before it is reaped, to those who
** have ptrace access. It makes no difference who reaped a child: another
** library, or the kernel because SIGCHLD is ignored.
*/
int pfd_l_wait (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  End end;
  int rc = pfd_await(L, 1, pfd_arg_timeout(L, 2), &end);
  return (rc < 0) ? pfd_fail(L, "wait", rc) : pfd_await_push(L, end);
}
