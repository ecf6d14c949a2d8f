#include <errno.h>

#include "../compat.h"

#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/await.h"
#include "../lua/block.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


/* -ENOENT and -EREMOTE are of the question whether it is this process */
static int failed (lua_State *L, const char *call, int rc) {
  call = pfd_about(L, call, 1);
  return (rc == -EDEADLK) ? pfd_fail_hint(L, call, "it is this process", rc)
                          : pfd_fail_proc(L, call, rc);
}


/*
** p:wait ([timeout [, "peek"]])
** waitid(2), and where that has no answer PIDFD_GET_INFO and /proc: wait
** at most 'timeout' seconds for the end of any process, child or not. A
** child is reaped; with "peek" it is left to its owner, by WNOWAIT.
**
** Returns "exit" and the exit status, or "signal" and its number; or
** "unknown" and nil if the process is over but nobody tells how. Asked
** again, it returns the same. Or it fails with
**   ETIMEDOUT  the time is over, and it runs still
**   EDEADLK    it is this process
**   EMFILE, ENFILE  no descriptor left to read /proc
**   ENOENT, EREMOTE  before Linux 6.13, of a process that is no child: it
**              cannot be told whether it is this one, as /proc is not
**              mounted, or is that of another pid namespace
**
** How a process ended that is not ours to wait for is told by Linux 6.15
** as soon as it is reaped; by any Linux before it is reaped, to those who
** have ptrace access. It makes no difference who reaped a child: another
** library, or the kernel because SIGCHLD is ignored. But that library may
** be surprised if we reap a child of its own: hence "peek".
*/
int pfd_l_wait (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  Await await = {.arg = 1, .deadline = pfd_arg_timeout(L, 2)};
  await.reap = pfd_await_reap(L, 3);
  End end;
  int rc = pfd_await(L, &await, &end);
  return (rc < 0) ? failed(L, "wait", rc) : pfd_await_push(L, end);
}


/*
** p:receive ()
** For Copas, which calls it until it does not return "timeout": as p:wait(0).
** The arguments that Copas has for sockets are ignored.
**
** Returns what p:wait does; nil and "timeout" while the process runs; or it
** fails as p:wait does.
*/
int pfd_l_receive_end (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  Await await = {.arg = 1, .deadline = PFD_NOWAIT, .reap = PFD_REAP};
  End end;
  int rc = pfd_await(L, &await, &end);
  if (rc == -ETIMEDOUT) {
    luaL_pushfail(L);
    lua_pushliteral(L, "timeout");
    return 2;
  }
  return (rc < 0) ? failed(L, "receive", rc) : pfd_await_push(L, end);
}
