#include <lua.h>

#include "arg.h"
#include "calls.h"
#include "handle.h"
#include "result.h"
#include "sys.h"


/*
** p:send_signal (sig)
** pidfd_send_signal(2): send a signal, which is a number or a name with
** or without "SIG". Signal 0 is not delivered: it asks for permission.
**
** Returns true, or fails with
**   ESRCH   the process has ended and been reaped
**   EPERM   no permission to signal it
**   EINVAL  no such signal, or a process in a foreign pid namespace
**
** A zombie takes any signal: p:poll(0) tells whether it has ended.
*/
int pfd_l_send_signal (lua_State *L) {
  Handle *p = pfd_handle_openas(L, 1, PFD_PIDFD);
  int sig = pfd_arg_signal(L, 2);
  int rc = pfd_sys_send_signal(p->fd, sig, NULL, 0);
  return pfd_result(L, "pidfd_send_signal", rc);
}
