#include <signal.h>

#include "../compat.h"

#include "../linux/sys.h"
#include "../lua/arg.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


/* as sigqueue(3) fills it in: the kernel does not check who sends */
static siginfo_t queued (int sig, int value) {
  siginfo_t info = {.si_signo = sig, .si_code = SI_QUEUE};
  info.si_pid = pfd_sys_getpid();
  info.si_uid = pfd_sys_getuid();
  info.si_value.sival_int = value;
  return info;
}


/*
** p:send_signal (sig [, flags [, value]])
** pidfd_send_signal(2): send a signal, which is a number or a name with
** or without "SIG". Signal 0 is not delivered: it asks for permission.
** 'flags' is the scope: pidfd.flags.SIGNAL_THREAD, SIGNAL_THREAD_GROUP or
** SIGNAL_PROCESS_GROUP; without it, what 'p' was opened for. With 'value'
** the signal is queued, with this number for the receiver's sival_int.
**
** Returns true, or fails with
**   ESRCH   the process has ended and been reaped, or leads no group
**   EPERM   no permission to signal it
**   EINVAL  no such signal, unknown or several flags (any flag before
**           Linux 6.9), or a process in a foreign pid namespace
**   EAGAIN  with 'value': too many signals are queued (RLIMIT_SIGPENDING)
**
** A zombie takes any signal: p:poll(0) tells whether it has ended.
*/
int pfd_l_send_signal (lua_State *L) {
  Handle *p = pfd_handle_openas(L, 1, PFD_PIDFD);
  int sig = pfd_arg_signal(L, 2);
  unsigned int flags = pfd_arg_flags(L, 3);
  siginfo_t info;
  siginfo_t *with = NULL;
  if (!lua_isnoneornil(L, 4)) {
    info = queued(sig, pfd_arg_int(L, 4));
    with = &info;
  }
  int rc = pfd_sys_send_signal(p->fd, sig, with, flags);
  return pfd_result(L, "pidfd_send_signal", rc);
}
