#include <errno.h>

#include "../compat.h"

#include "../linux/sys.h"
#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/borrow.h"
#include "../lua/result.h"
#include "calls.h"


/*
** pidfd.passpidfd (socket, on)
** setsockopt(2), SO_PASSPIDFD: should pidfd.receive tell the sender of each
** message?
**
** Returns true, or fails with
**   ENOTSOCK     no socket
**   EBADF        not open
**   ENOPROTOOPT  before Linux 6.5
**   EOPNOTSUPP   a socket of the internet, or the like (Linux 6.16)
**
** Who has sent a message is noted when it is sent, and only if it is asked for
** by then. A program that is allowed to, as root is, can name another process
** as the sender of its message: see unix(7), SCM_CREDENTIALS.
*/
int pfd_l_passpidfd (lua_State *L) {
  int on = pfd_arg_boolean(L, 2);
  lua_settop(L, 2);
  int socket = pfd_borrow_arg(L, 1);
  int rc = pfd_sys_passpidfd(socket, on);
  if (rc == 0)
    return pfd_ok(L);
  const char *call = pfd_about_number(L, "passpidfd", socket);
  return (rc == -ENOPROTOOPT) ? pfd_fail_before(L, call, "6.5", rc)
                              : pfd_fail(L, call, rc);
}
