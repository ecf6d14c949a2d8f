#include <errno.h>
#include <signal.h>

#include "../compat.h"

#include "../linux/signal.h"
#include "../linux/sys.h"
#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


/* as sigqueue(3) fills it in: the kernel does not check who sends */
static void setinfo (siginfo_t *info, int sig, int value) {
  *info = (siginfo_t){.si_signo = sig, .si_code = SI_QUEUE};
  info->si_pid = pfd_sys_getpid();
  info->si_uid = pfd_sys_getuid();
  info->si_value.sival_int = value;
}


/* the arguments behind the signal; mostly there are none */
static void getoptions (lua_State *L, Order *order, siginfo_t *info) {
  order->flags = pfd_arg_flags(L, 3);
  if (pfd_arg_isabsent(L, 4))
    return;
  setinfo(info, order->sig, pfd_arg_int(L, 4));
  order->info = info;
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
**   EINVAL  no such signal, unknown or several flags, or a process in a
**           foreign pid namespace; before Linux 6.9 also SIGNAL_THREAD and
**           SIGNAL_PROCESS_GROUP, unless it is this process or a child that
**           has not been reaped, and SIGNAL_PROCESS_GROUP with 'value'
**   EAGAIN  with 'value': too many signals are queued (RLIMIT_SIGPENDING)
**   EMFILE, ENFILE, ENOENT  such a flag before Linux 6.9: the pid cannot be
**           read from /proc
**
** A signal to a zombie succeeds, and does nothing: p:poll(0) tells whether the
** process has ended. Before Linux 6.9 a scope is reached by number, which a
** child keeps until it is reaped. Where SIGCHLD is ignored, the kernel reaps it
** at once.
*/
int pfd_l_send_signal (lua_State *L) {
  int pidfd = pfd_handle_openas(L, 1, PFD_PIDFD)->fd;
  siginfo_t info;
  Order order = {.sig = pfd_arg_signal(L, 2)};
  if (lua_gettop(L) > 2)
    getoptions(L, &order, &info);
  int tries = 0, rc = pfd_signal_send(pidfd, &order);
  while (pfd_handle_retry(L, rc, &tries)) /* it may have closed 'p' */
    rc = pfd_signal_send(pfd_handle_openas(L, 1, PFD_PIDFD)->fd, &order);
  if (rc == 0)
    return pfd_ok(L);
  const char *call = pfd_about(L, "send_signal", 1);
  if (order.flags == 0)
    return pfd_fail(L, call, rc);
  return (rc == -ENOENT) ? pfd_fail_proc(L, call, rc)
                         : pfd_fail_before(L, call, "6.9", rc);
}
