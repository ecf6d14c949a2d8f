#include <errno.h>

#include "../compat.h"

#include "../linux/kernel.h"
#include "../linux/pidns.h"
#include "../linux/sys.h"
#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"

/* a failure of the argument: no errno is as small */
#define NONAMESPACE (-100000)


static int openpid (lua_State *L, const char *name, pid_t pid,
                    unsigned int flags) {
  Handle *h = pfd_handle_new(L, PFD_PIDFD);
  int tries = 0, rc = pfd_sys_open(pid, flags);
  while (pfd_handle_retry(L, rc, &tries))
    rc = pfd_sys_open(pid, flags);
  h->fd = rc;
  h->end.pid = pid;
  if (rc >= 0)
    return 1;
  (void)pfd_handle_close(h);
  const char *call = pfd_about_number(L, name, pid);
  if (rc == -EINVAL && (flags & (PIDFD_THREAD | PIDFD_NONBLOCK)))
    return pfd_fail_before(L, call, (flags & PIDFD_THREAD) ? "6.9" : "5.10",
                           rc);
  if (rc == -ENOENT)
    return pfd_fail_hint(L, call, "it is a thread", rc);
  return pfd_fail(L, call, rc);
}


/* which process of a namespace */
typedef struct Target {
  pid_t pid;
  unsigned int flags;
} Target;


static int attempt (int ns, void *about) {
  const Target *target = (const Target *)about;
  int rc = pfd_pidns_check(ns);
  if (rc == -EINVAL)
    return NONAMESPACE;
  return (rc == 0) ? pfd_pidns_open(ns, target->pid, target->flags) : rc;
}


/* the namespace is argument 3 */
static int openthere (lua_State *L, pid_t pid, unsigned int flags) {
  (void)pfd_handle_openas(L, 3, PFD_FD);
  Target target = {.pid = pid, .flags = flags};
  Handle *h = pfd_handle_new(L, PFD_PIDFD);
  int rc = pfd_handle_try(L, 3, attempt, &target);
  h->fd = rc;
  if (rc >= 0)
    return 1;
  (void)pfd_handle_close(h);
  const char *call = pfd_about_number(L, "open", pid);
  if (rc == NONAMESPACE)
    return pfd_fail_hint(L, call, "that is no pid namespace", -EINVAL);
  return (rc == -ENOTTY) ? pfd_fail_before(L, call, "6.11", rc)
                         : pfd_fail(L, call, rc);
}


/*
** pidfd.open (pid [, flags [, namespace]])
** pidfd_open(2): get a handle on the process that 'pid' names now: here, or
** in another pid namespace, a pidfd.fd of p:namespace("pid").
**
** Returns a pidfd, or fails with
**   ESRCH   no such process
**   EINVAL  unknown bit in 'flags', or one that this kernel lacks
**   ENOENT  'pid' is a thread's id and 'flags' lacks pidfd.flags.THREAD
**           (EINVAL before Linux 6.16)
**   ESRCH   with 'namespace': nobody has that number there; or nobody can be
**           seen from here, as that namespace is not below this one
**   EINVAL  'namespace' is no pid namespace
**   ENOTTY  with 'namespace': before Linux 6.11
**   EAGAIN  with 'namespace': the number goes from one process to the next
**   EREMOTE with 'namespace', before Linux 6.13: as p:pid
**   EMFILE  this process has no descriptor left
**   ENFILE  the system has no descriptor left
**
** No permission is needed: anybody may open a pidfd for any process. The
** process is the one that has the number at this moment. That it is the
** one you mean is certain only for a child that nobody has waited for.
*/
int pfd_l_open (lua_State *L) {
  pid_t pid = pfd_arg_pid(L, 1);
  unsigned int flags = pfd_arg_flags(L, 2);
  return (lua_gettop(L) > 2) ? openthere(L, pid, flags)
                             : openpid(L, "open", pid, flags);
}


/*
** pidfd.self ([flags])
** pidfd_open(2): get a handle on this process, or, with
** pidfd.flags.THREAD, on the calling thread.
**
** Returns a pidfd, or fails as pidfd.open does.
*/
int pfd_l_self (lua_State *L) {
  unsigned int flags = pfd_arg_flags(L, 1);
  int thread = (flags & PIDFD_THREAD) != 0;
  return openpid(L, "self", thread ? pfd_sys_gettid() : pfd_sys_getpid(),
                 flags);
}
