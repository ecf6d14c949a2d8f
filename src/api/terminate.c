#include "../compat.h"

#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/await.h"
#include "../lua/handle.h"
#include "../lua/job.h"
#include "../lua/result.h"
#include "calls.h"


/* the scopes, and the one word that is none */
static const char *const words[] = {"process", "group", "cgroup", "peek", NULL};


/*
** p:terminate (grace [, scope] [, "peek"])
** End the process: send SIGTERM, and SIGCONT in case it is stopped, wait
** 'grace' seconds, send SIGKILL if it runs still, and wait for the end, five
** seconds at most. A child is reaped; with "peek" it is left to its owner.
** The scope is what is ended:
**   "process"  the process only, as without it
**   "group"    the process group that it leads, or has led
**   "cgroup"   the cgroup that it was spawned into, and all below it; Linux
**              5.14, before that it may miss what is started meanwhile
** Both may outlive the process; they are ended also if it is over already.
**
** Returns what p:wait returns, or fails with
**   EPERM      no permission to signal it; or it is a thread of the kernel,
**              or PID 1 of this pid namespace, and gets no signal
**   EINVAL     it lives in a foreign pid namespace; it leads no process group,
**              or was not spawned into a cgroup; before Linux 6.9 "group",
**              unless it is a child that has not been reaped
**   EDEADLK    it is this process or a thread of it, or this process is in
**              that group or cgroup, or may be: nothing gets a signal
**   ETIMEDOUT  it, or something of the rest, has not ended within five
**              seconds of SIGKILL
**   EOPNOTSUPP the cgroup is threaded, or the root
**   EACCES     the files of the cgroup may not be read
**   ELOOP      too many cgroups, one below the other, are in it
**   EMFILE, ENFILE, ENOENT, EREMOTE  it cannot be told which process it is:
**              no descriptor left to read /proc, or /proc is not mounted, or
**              is that of another pid namespace
**
** A process that SIGKILL does not end at once is in an uninterruptible sleep
** (state D), in a frozen cgroup of version 1, or has much memory to free:
** p:wait waits for its end. If it cannot be told whether it is this process
** (only before Linux 6.13) or a thread of the kernel, it gets no signal.
**
** The pidfd, and what p:dup makes of it, know the cgroup; one that was opened
** by the number of the process does not. If the process itself leaves the group
** or the cgroup, it gets SIGKILL only; others that leave get nothing more.
** Zombies of the rest are not waited for, but those of a group are where /proc
** does not tell of them.
*/
int pfd_l_terminate (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  Job job = {.arg = 1, .deadline = pfd_arg_seconds(L, 2)};
  int word = pfd_arg_isabsent(L, 3) ? PFD_PROCESS : pfd_arg_word(L, 3, words);
  int ispeek = word > PFD_CGROUP;
  if (!ispeek)
    job.scope = (Scope)word;
  job.reap = pfd_await_reap(L, ispeek ? 3 : 4);
  End how;
  const char *hint;
  int rc = pfd_job_end(L, &job, &how, &hint);
  if (rc == 0)
    return pfd_await_push(L, how);
  const char *call = pfd_about(L, "terminate", 1);
  return (hint != NULL) ? pfd_fail_hint(L, call, hint, rc)
                        : pfd_fail_proc(L, call, rc);
}
