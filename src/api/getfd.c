#include <errno.h>

#include "../compat.h"

#include "../linux/process.h"
#include "../linux/sys.h"
#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/explain.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


/* which descriptor of it */
typedef struct Target {
  int fd;
  unsigned int flags;
} Target;


static int ofthread (int pidfd, const void *arg) {
  const Target *target = (const Target *)arg;
  return pfd_sys_getfd(pidfd, target->fd, target->flags);
}


static int getfd (int pidfd, const Target *target) {
  int rc = ofthread(pidfd, target);
  return (rc == -ESRCH) ? pfd_process_byliving(pidfd, ofthread, target) : rc;
}


static int fail (lua_State *L, int targetfd, int rc) {
  const char *file = lua_pushfstring(L, "fd/%d", targetfd);
  const char *call = pfd_about_file(L, "getfd", 1, file);
  if (rc == -EOPNOTSUPP)
    return pfd_fail_before(L, call, "6.9", rc);
  if (rc == -ENOSYS)
    return pfd_fail_before(L, call, "5.6", rc);
  int n = pfd_fail_proc(L, call, rc);
  if (rc == -EPERM)
    pfd_explain(L, 1, PFD_ATTACH);
  return n;
}


/*
** pidfd.getfd (p, targetfd [, flags])
** pidfd_getfd(2): duplicate descriptor number 'targetfd' of the process
** behind 'p' into this one.
**
** Returns a pidfd.fd, or fails with
**   EBADF   'targetfd' is not open in that process
**   EPERM   no ptrace access to that process
**   ESRCH   the process has ended (EBADF on Linux 5.10)
**   EINVAL  any bit in 'flags': no flag is defined yet
**   EMFILE  this process has no descriptor left
**   ENFILE  the system has no descriptor left
**   ENOSYS  before Linux 5.6
**   EOPNOTSUPP  before Linux 6.9: its first thread has ended, and others run
**
** The duplicate shares the file offset and the status flags with the
** original: reading, seeking or setting O_NONBLOCK here is felt there,
** and the process cannot know that somebody else holds its descriptor. If
** the first thread of the process has ended, it is taken from another one.
*/
int pfd_l_getfd (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  Target target = {.fd = pfd_arg_targetfd(L, 2)};
  target.flags = pfd_arg_flags(L, 3);
  Handle *h = pfd_handle_new(L, PFD_FD); /* Lua code may run, and close 'p' */
  int tries = 0, rc = getfd(pfd_handle_pidfd(L, 1), &target);
  while (pfd_handle_retry(L, rc, &tries))
    rc = getfd(pfd_handle_pidfd(L, 1), &target);
  h->fd = rc;
  if (rc >= 0)
    return 1;
  (void)pfd_handle_close(h);
  return fail(L, target.fd, rc);
}


/*
** p:getfd (targetfd [, flags])
** pidfd.getfd as a method. Without any argument, and then for a pidfd.fd too,
** it is what LuaSocket's select asks of an object.
**
** Returns what pidfd.getfd does; or, without any argument, the number of
** its own descriptor.
**
** The two are told apart by the count of arguments, so that a 'targetfd'
** that is nil by mistake still raises.
*/
int pfd_l_getfd_or_fileno (lua_State *L) {
  return (lua_gettop(L) == 1) ? pfd_l_pollfd(L) : pfd_l_getfd(L);
}
