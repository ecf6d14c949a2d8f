#include <errno.h>

#include "../compat.h"

#include "../linux/sys.h"
#include "../lua/about.h"
#include "../lua/borrow.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


/*
** pidfd.peer (socket)
** getsockopt(2), SO_PEERPIDFD: get a handle on the process at the other end
** of a unix socket: a descriptor to borrow.
**
** Returns a pidfd, or fails with
**   ENODATA     not connected, or no unix socket
**   ENOTSOCK    no socket at all
**   EBADF       not open
**   ENOPROTOOPT before Linux 6.5
**   EINVAL, ESRCH  before Linux 6.16: the peer has ended and been reaped
**   EMFILE, ENFILE  no descriptor left
**
** A server gets the process that has connected; a client, the one that has
** called listen(2); with a socketpair(2), both get the process that has made
** it. That process may have passed the socket on since.
*/
int pfd_l_peer (lua_State *L) {
  (void)pfd_borrow_arg(L, 1);
  lua_settop(L, 1);
  Handle *h = pfd_handle_new(L, PFD_PIDFD);
  int socket, rc, tries = 0;
  do {
    socket = pfd_borrow_arg(L, 1);
    rc = pfd_sys_peer(socket);
  } while (pfd_handle_retry(L, rc, &tries));
  h->fd = rc;
  if (rc >= 0)
    return 1;
  (void)pfd_handle_close(h);
  const char *call = pfd_about_number(L, "peer", socket);
  return (rc == -ENOPROTOOPT) ? pfd_fail_before(L, call, "6.5", rc)
                              : pfd_fail(L, call, rc);
}
