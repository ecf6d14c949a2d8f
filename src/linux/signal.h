/*
** Signals by pidfd, to a thread, a process or a process group. Knows no Lua.
*/

#ifndef pfd_signal_h
#define pfd_signal_h

#include <errno.h>
#include <signal.h>
#include <sys/types.h>

#include "sys_call.h"

#pragma GCC visibility push(hidden)


/* a signal, its scope, and what is queued with it, or NULL */
typedef struct Order {
  int sig;
  unsigned int flags;
  siginfo_t *info;
} Order;

/* the second try, after EINVAL: by number, if the kernel knows no scopes */
int pfd_signal_sendtoscope (int pidfd, const Order *order);

/* send it: 0 or -errno; a scope that cannot be reached is EINVAL */
static inline int pfd_signal_send (int pidfd, const Order *order) {
  int rc = pfd_sys_send_signal(pidfd, order->sig, order->info, order->flags);
  return (rc == -EINVAL) ? pfd_signal_sendtoscope(pidfd, order) : rc;
}

/*
** The process group that a process leads, or has led: it may outlive its
** leader. 'pid' is the number of the leader where it is known, or 0.
*/

/*
** Signal all of it. -ESRCH: it is empty, or there was none. A zombie is a
** member until it is reaped. -EINVAL before Linux 6.9, unless the leader is a
** child that has not been reaped.
*/
int pfd_signal_group (int pidfd, int sig);

/*
** Is this process in it? 1 or 0, or where that cannot be told the -errno that
** says why: ESRCH, if both its leader and that of our own group are reaped.
*/
int pfd_signal_isourgroup (int pidfd, pid_t pid);

/* does any member live, that is no zombie? 1 or 0, or -errno; reads /proc */
int pfd_signal_grouplives (pid_t pid);


#pragma GCC visibility pop

#endif
