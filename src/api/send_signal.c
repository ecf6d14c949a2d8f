#include <errno.h>
#include <signal.h>

#include "../compat.h"

#include "../linux/process.h"
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


/* a signal, its scope, and what is queued with it, or NULL */
typedef struct Order {
  int sig;
  unsigned int flags;
  siginfo_t *info;
} Order;


/*
** The number of a process that surely keeps it while we use it: this one, or
** a child that is a zombie until we wait for it. The kernel must not reap it
** by itself, and no other thread may wait for it in this very moment.
*/
static pid_t findpinned (int pidfd) {
  int pinned = pfd_sys_keepszombies() ? pfd_process_ischild(pidfd) : 0;
  pid_t pid = pfd_process_pid(pidfd);
  if (pid < 0 || pinned > 0)
    return pid;
  return (pid == pfd_sys_getpid()) ? pid : -EINVAL;
}


/*
** Before Linux 6.9 there are no scopes, but numbers, which are as safe as the
** pidfd for as long as nobody else can get them. Pidfds are of processes
** only, so that the scope of a process is that of the pidfd.
*/
static int sendbynumber (int pidfd, const Order *order) {
  if (order->flags == PIDFD_SIGNAL_THREAD_GROUP)
    return pfd_sys_send_signal(pidfd, order->sig, order->info, 0);
  int isgroup = order->flags == PIDFD_SIGNAL_PROCESS_GROUP;
  if (order->flags != PIDFD_SIGNAL_THREAD && !isgroup)
    return -EINVAL;
  if (isgroup && order->info != NULL) /* nothing can be queued for a group */
    return -EINVAL;
  pid_t pid = findpinned(pidfd);
  if (pid < 0)
    return pid;
  if (isgroup)
    return pfd_sys_killgroup(pid, order->sig);
  if (order->info != NULL)
    return pfd_sys_queuethread(pid, pid, order->sig, order->info);
  return pfd_sys_killthread(pid, pid, order->sig);
}


/*
** The kernel says EINVAL of a scope that it does not know. On pidfs, since
** 6.9, it knows them. Signals are blocked, so that no handler in this thread
** waits for the child between the question and the signal.
*/
static int sendsignal (int pidfd, const Order *order) {
  int rc = pfd_sys_send_signal(pidfd, order->sig, order->info, order->flags);
  if (rc != -EINVAL || order->flags == 0 || pfd_sys_onpidfs(pidfd) != 0)
    return rc;
  sigset_t mask;
  pfd_sys_blocksignals(&mask);
  rc = sendbynumber(pidfd, order);
  pfd_sys_setsignals(&mask);
  return rc;
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
** A zombie takes any signal: p:poll(0) tells whether it has ended. Before
** Linux 6.9 a scope is reached by number, which a child keeps until it is
** reaped; not where SIGCHLD is ignored, as it is reaped at once there.
*/
int pfd_l_send_signal (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  int sig = pfd_arg_signal(L, 2);
  unsigned int flags = pfd_arg_flags(L, 3);
  siginfo_t info;
  Order order = {.sig = sig, .flags = flags};
  if (!lua_isnoneornil(L, 4)) {
    info = queued(sig, pfd_arg_int(L, 4));
    order.info = &info;
  }
  int rc, tries = 0;
  do /* a collection may have closed it */
    rc = sendsignal(pfd_handle_openas(L, 1, PFD_PIDFD)->fd, &order);
  while (pfd_handle_retry(L, rc, &tries));
  if (rc < 0 && flags != 0)
    return pfd_fail_before(L, "pidfd_send_signal", "6.9", rc);
  return pfd_result(L, "pidfd_send_signal", rc);
}
