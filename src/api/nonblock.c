#include "../compat.h"

#include "../linux/sys.h"
#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


/*
** fd:nonblock (on)
** fcntl(2), F_SETFL: set or clear O_NONBLOCK.
**
** Returns true, or fails with
**   EBADF  somebody has closed the descriptor by its number
**
** The flag belongs to the open file, not to the descriptor: the process
** that the descriptor was taken from feels the change too.
*/
int pfd_l_nonblock (lua_State *L) {
  Handle *h = pfd_handle_openas(L, 1, PFD_FD);
  int on = pfd_arg_boolean(L, 2);
  int rc = pfd_sys_nonblock(h->fd, on);
  return (rc < 0) ? pfd_fail(L, pfd_about(L, "nonblock", 1), rc) : pfd_ok(L);
}
