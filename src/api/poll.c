#include <errno.h>
#include <poll.h>

#include "../compat.h"

#include "../lua/arg.h"
#include "../lua/block.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


/*
** p:poll ([timeout])
** poll(2): wait at most 'timeout' seconds for the process to end, for
** ever if absent, not at all if 0.
**
** Returns true if it has ended, false when the time is over, or fails with
**   EBADF  somebody has closed the descriptor by its number
**
** Signal handlers of Lua run meanwhile, and Ctrl-C interrupts.
*/
int pfd_l_poll (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  long long deadline = pfd_arg_timeout(L, 2);
  struct pollfd event = {.events = POLLIN};
  Sleeper s = {.L = L};
  int rc;
  do { /* a hook may have closed it */
    event.fd = pfd_handle_openas(L, 1, PFD_PIDFD)->fd;
    rc = pfd_block(&s, &event, 1, deadline);
  } while (rc == -EINTR);
  if (rc > 0 && (event.revents & POLLNVAL))
    rc = -EBADF;
  if (rc < 0)
    return pfd_fail(L, "poll", rc);
  lua_pushboolean(L, rc);
  return 1;
}


/* what is at 'i' of the list at 1 is no open pidfd */
static void badelement (lua_State *L, lua_Integer i) {
  lua_rawgeti(L, 1, i);
  int closed = pfd_handle_type(L, -1) == PFD_PIDFD;
  luaL_error(L, "bad element #%I of the list (open pidfd expected, got %s)",
             (LUAI_UACINT)i, closed ? "a closed one" : luaL_typename(L, -1));
}


/*
** Each element has to be an open pidfd. With a long list, this takes most
** of the time that poll(2) does not, so it is pfd_handle_openas by hand.
*/
static void fill (lua_State *L, struct pollfd *events, lua_Integer n) {
  const void *metatable = lua_topointer(L, lua_upvalueindex(PFD_PIDFD));
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, 1, i);
    const Handle *p = (const Handle *)lua_touserdata(L, -1);
    if (p == NULL || !lua_getmetatable(L, -1) ||
        lua_topointer(L, -1) != metatable || p->fd < 0)
      badelement(L, i);
    else
      events[i - 1] = (struct pollfd){.fd = p->fd, .events = POLLIN};
    lua_pop(L, 2); /* pidfd, metatable */
  }
}


/* push a list of those that have ended */
static int pushended (lua_State *L, const struct pollfd *events,
                      lua_Integer n) {
  lua_Integer ended = 0;
  lua_newtable(L);
  for (lua_Integer i = 1; i <= n; i++) {
    if (events[i - 1].revents & POLLNVAL)
      return pfd_fail(L, "poll", -EBADF);
    if (events[i - 1].revents != 0) {
      lua_rawgeti(L, 1, i);
      lua_rawseti(L, -2, ++ended);
    }
  }
  return 1;
}


/*
** pidfd.poll (list [, timeout])
** poll(2): wait at most 'timeout' seconds for one or more of the processes
** in a list of pidfds to end, for ever if absent, not at all if 0.
**
** Returns a list of those that have ended, in the order of the first; it
** is empty when the time is over. Or fails with
**   EBADF   somebody has closed a descriptor by its number
**   EINVAL  more pidfds than this process may have descriptors
**   ENOMEM  the kernel has no memory for so many
*/
int pfd_l_poll_list (lua_State *L) {
  lua_Integer n = (lua_Integer)pfd_arg_length(L, 1);
  long long deadline = pfd_arg_timeout(L, 2);
  luaL_argcheck(L, n > 0 || deadline != PFD_FOREVER, 1,
                "an empty list without a timeout would be waited for for ever");
  size_t size = (size_t)n * sizeof(struct pollfd);
  struct pollfd *events = (struct pollfd *)lua_newuserdatauv(L, size, 0);
  Sleeper s = {.L = L};
  int rc;
  do { /* a hook may have closed some */
    fill(L, events, n);
    rc = pfd_block(&s, events, (nfds_t)n, deadline);
  } while (rc == -EINTR);
  return (rc < 0) ? pfd_fail(L, "poll", rc) : pushended(L, events, n);
}
