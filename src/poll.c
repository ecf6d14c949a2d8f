#include <errno.h>

#include <lua.h>

#include "arg.h"
#include "block.h"
#include "calls.h"
#include "handle.h"
#include "result.h"


/*
** p:poll ([timeout])
** poll(2): wait at most 'timeout' seconds for the process to end, for
** ever if absent, not at all if 0.
**
** Returns true if it has ended, false when the time is over. Signal
** handlers of Lua run meanwhile, and Ctrl-C interrupts.
**
** Fails with EBADF if somebody has closed the descriptor by its number.
*/
int pfd_l_poll (lua_State *L) {
  Handle *p = pfd_handle_openas(L, 1, PFD_PIDFD);
  long long timeout = pfd_arg_timeout(L, 2);
  struct pollfd event = {.fd = p->fd, .events = POLLIN};
  int rc = pfd_block(L, &event, 1, timeout);
  if (rc > 0 && (event.revents & POLLNVAL))
    rc = -EBADF;
  if (rc < 0)
    return pfd_fail(L, "poll", rc);
  lua_pushboolean(L, rc);
  return 1;
}
