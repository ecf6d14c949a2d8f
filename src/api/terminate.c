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

/* how long after SIGKILL: five seconds */
#define LASTWAIT 5000000000LL

/* PID 1 of a pid namespace, to the processes in it */
#define INIT 1


/* why a process gets no signal: the errno, and the hint */
typedef struct Refusal {
  int rc;
  const char *hint;
} Refusal;


/* the pid cannot be told, and so not whether it is init: 'rc' says why */
static Refusal refuseunknown (int pidfd, int rc) {
  if (rc == -ESRCH) /* it has been reaped: no signal reaches anybody */
    return (Refusal){0, NULL};
  if (rc == -EREMOTE && pfd_sys_send_signal(pidfd, 0, NULL, 0) == -EINVAL)
    return (Refusal){-EINVAL, "it is in another pid namespace"};
  return (Refusal){rc, (rc == -ENOENT) ? "is /proc mounted?" : NULL};
}


/*
** May it get a signal? A child may. Of others it has to be known that they
** are not this process, nor what no signal ends.
*/
static Refusal check (int pidfd) {
  if (pfd_process_ischild(pidfd) == 1)
    return (Refusal){0, NULL};
  int rc = pfd_process_isself(pidfd, PFD_ANYTHREAD);
  if (rc == 1)
    return (Refusal){-EDEADLK, NULL};
  pid_t pid = pfd_process_pid(pidfd);
  if (rc < 0 || pid < 0)
    return refuseunknown(pidfd, (pid < 0) ? pid : rc);
  if (pid == INIT)
    return (Refusal){-EPERM, "it is the init of this pid namespace, which "
                             "SIGKILL does not end"};
  rc = pfd_process_iskernel(pidfd);
  if (rc == 1)
    return (Refusal){-EPERM, "it is a thread of the kernel"};
  return (rc < 0) ? refuseunknown(pidfd, rc) : (Refusal){0, NULL};
}


static Refusal mayend (lua_State *L) {
  Refusal refusal;
  int tries = 0;
  do
    refusal = check(pfd_handle_openas(L, 1, PFD_PIDFD)->fd);
  while (pfd_handle_retry(L, refusal.rc, &tries));
  return refusal;
}


/*
** One that is over already needs no signal. A process that is stopped acts
** on SIGTERM when SIGCONT lets it go on; without right to send that, it
** stays stopped, until SIGKILL.
*/
static int stop (lua_State *L, int sig, const Await *await, End *end) {
  int pidfd = pfd_handle_openas(L, 1, PFD_PIDFD)->fd;
  int rc = pfd_sys_send_signal(pidfd, sig, NULL, 0);
  if (rc < 0 && rc != -ESRCH)
    return rc;
  if (sig == SIGTERM)
    (void)pfd_sys_send_signal(pidfd, SIGCONT, NULL, 0);
  return pfd_await(L, await, end);
}


/* from SIGTERM on; at the deadline SIGKILL follows */
static int finish (lua_State *L, const Await *await, End *end) {
  int rc = stop(L, SIGTERM, await, end);
  if (rc != -ETIMEDOUT)
    return rc;
  Await last = *await;
  last.deadline = pfd_block_deadline(LASTWAIT);
  return stop(L, SIGKILL, &last, end);
}


/*
** p:terminate (grace [, "peek"])
** End the process: send SIGTERM, and SIGCONT in case it is stopped, wait
** 'grace' seconds, send SIGKILL if it runs still, and wait for the end, five
** seconds at most. A child is reaped; with "peek" it is left to its owner.
**
** Returns what p:wait returns, or fails with
**   EPERM      no permission to signal it; or it is a thread of the kernel,
**              or PID 1 of this pid namespace, and gets no signal
**   EINVAL     it lives in a foreign pid namespace
**   EDEADLK    it is this process or a thread of it, and gets no signal
**   ETIMEDOUT  it has not ended within five seconds of SIGKILL
**   EMFILE, ENFILE, ENOENT, EREMOTE  it cannot be told which process it is:
**              no descriptor left to read /proc, or /proc is not mounted, or
**              is that of another pid namespace
**
** A process that SIGKILL does not end at once is in an uninterruptible sleep
** (state D), in a frozen cgroup of version 1, or has much memory to free:
** p:wait waits for its end. If it cannot be told whether it is this process
** (only before Linux 6.13) or a thread of the kernel, it gets no signal.
*/
int pfd_l_terminate (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  long long deadline = pfd_arg_seconds(L, 2);
  Await await = {.arg = 1, .deadline = PFD_NOWAIT};
  await.reap = pfd_await_reap(L, 3);
  End how;
  int rc = pfd_await(L, &await, &how);
  if (rc == -ETIMEDOUT) {
    Refusal refusal = mayend(L);
    if (refusal.hint != NULL)
      return pfd_fail_hint(L, "terminate", refusal.hint, refusal.rc);
    await.deadline = deadline;
    rc = (refusal.rc < 0) ? refusal.rc : finish(L, &await, &how);
  }
  else if (rc == 0 && how.how == PFD_UNKNOWN) { /* it may be told in time */
    await.deadline = deadline;
    rc = pfd_await(L, &await, &how);
  }
  return (rc < 0) ? pfd_fail(L, "terminate", rc) : pfd_await_push(L, how);
}
