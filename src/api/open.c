#include "../compat.h"

#include "../linux/kernel.h"
#include "../linux/sys.h"
#include "../lua/arg.h"
#include "../lua/handle.h"
#include "calls.h"


static int openpid (lua_State *L, pid_t pid, unsigned int flags) {
  Handle *h = pfd_handle_new(L, PFD_PIDFD);
  int rc, tries = 0;
  do
    rc = pfd_sys_open(pid, flags);
  while (pfd_handle_retry(L, rc, &tries));
  return pfd_handle_own(L, h, "pidfd_open", rc);
}


/*
** pidfd.open (pid [, flags])
** pidfd_open(2): get a handle on the process that 'pid' names now.
**
** Returns a pidfd, or fails with
**   ESRCH   no such process
**   EINVAL  unknown bit in 'flags', or one that this kernel lacks
**   ENOENT  'pid' is a thread's id and 'flags' lacks pidfd.flags.THREAD
**           (EINVAL before Linux 6.16)
**   EMFILE  this process has no descriptor left
**   ENFILE  the system has no descriptor left
**
** No permission is needed: anybody may open a pidfd for any process. The
** process is the one that has the number at this moment. That it is the
** one you mean is certain only for a child that nobody has waited for.
*/
int pfd_l_open (lua_State *L) {
  pid_t pid = pfd_arg_pid(L, 1);
  return openpid(L, pid, pfd_arg_flags(L, 2));
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
  return openpid(L, thread ? pfd_sys_gettid() : pfd_sys_getpid(), flags);
}
