#include <errno.h>

#include "../compat.h"

#include "../linux/sys.h"
#include "../lua/arg.h"
#include "../lua/explain.h"
#include "../lua/handle.h"
#include "calls.h"


/*
** pidfd.getfd (p, targetfd [, flags])
** pidfd_getfd(2): duplicate descriptor number 'targetfd' of the process
** behind 'p' into this one.
**
** Returns a pidfd.fd, or fails with
**   EBADF   'targetfd' is not open in that process
**   EPERM   no ptrace access to that process
**   ESRCH   the process has ended
**   EINVAL  any bit in 'flags': no flag is defined yet
**   EMFILE  this process has no descriptor left
**   ENFILE  the system has no descriptor left
**   ENOSYS  before Linux 5.6
**
** The duplicate shares the file offset and the status flags with the
** original: reading, seeking or setting O_NONBLOCK here is felt there,
** and the process cannot know that somebody else holds its descriptor.
*/
int pfd_l_getfd (lua_State *L) {
  Handle *p = pfd_handle_openas(L, 1, PFD_PIDFD);
  int targetfd = pfd_arg_targetfd(L, 2);
  unsigned int flags = pfd_arg_flags(L, 3);
  Handle *h = pfd_handle_new(L, PFD_FD);
  int rc, tries = 0;
  do
    rc = pfd_sys_getfd(p->fd, targetfd, flags);
  while (pfd_handle_retry(L, rc, &tries));
  int n = pfd_handle_own(L, h, "pidfd_getfd", rc);
  if (rc == -EPERM)
    pfd_explain(L, p->fd, PFD_ATTACH);
  return n;
}


/*
** p:getfd (targetfd [, flags])
** pidfd.getfd as a method. Without any argument it is what LuaSocket's
** select asks of an object.
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
