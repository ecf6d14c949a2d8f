#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "../compat.h"

#include "../linux/input.h"
#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/block.h"
#include "../lua/expect.h"
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
  struct pollfd event = {.fd = pfd_handle_pidfd(L, 1), .events = POLLIN};
  long long deadline = pfd_arg_timeout(L, 2);
  Sleeper s = {.L = L};
  int rc = pfd_block(&s, &event, 1, deadline);
  while (rc == -EINTR) { /* a hook may have closed it */
    event.fd = pfd_handle_pidfd(L, 1);
    rc = pfd_block(&s, &event, 1, deadline);
  }
  if (rc > 0 && (event.revents & POLLNVAL))
    rc = -EBADF;
  if (rc < 0)
    return pfd_fail(L, pfd_about(L, "poll", 1), rc);
  lua_pushboolean(L, rc);
  return 1;
}


/* where pidfd.poll has its values on the stack */
enum { LIST = 1, TIMEOUT, EVENTS, READY };

/* as many values as Lua has room for at least, above these and a metatable */
#define ATONCE (LUA_MINSTACK - READY - 1)


static _Noreturn void badelement (lua_State *L, lua_Integer i) {
  lua_settop(L, READY);
  lua_rawgeti(L, LIST, i);
  Type type = pfd_handle_type(L, -1);
  const char *reason = (type == PFD_NONE)
                         ? pfd_expect(L, "pidfd or pidfd.fd", lua_gettop(L))
                         : pfd_handle_closed(L, type);
  luaL_argerror(L, LIST,
                lua_pushfstring(L, "[%I]: %s", (LUAI_UACINT)i, reason));
  abort(); /* luaL_argerror does not say that it never returns */
}


/* what is at 'i' of the list, which is on top, has to be an open object */
static const Handle *checkelement (lua_State *L, lua_Integer i) {
  const Handle *h = (const Handle *)lua_touserdata(L, -1);
  if (pfd_handle_type(L, -1) == PFD_NONE || h->fd < 0)
    badelement(L, i);
  return h;
}


/* one that has input already is waited for with no event at all */
static struct pollfd getevent (lua_State *L, lua_Integer i) {
  struct pollfd event = {.fd = pfd_handle_trypidfd(L, -1), .events = POLLIN};
  if (event.fd >= 0)
    return event;
  const Handle *h = checkelement(L, i);
  event.fd = h->fd;
  if (pfd_input_length(pfd_handle_input(h)) > 0)
    event.events = 0;
  return event;
}


/*
** Fill in the events of a list of 'n' elements. A long list takes its time, so
** this pops several elements at once. Returns whether one has input already.
*/
static int fill (lua_State *L, struct pollfd *events, lua_Integer n) {
  int dirty = 0;
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, LIST, i);
    events[i - 1] = getevent(L, i);
    dirty |= events[i - 1].events == 0;
    if (i % ATONCE == 0)
      lua_settop(L, READY);
  }
  lua_settop(L, READY);
  return dirty;
}


static int isready (const struct pollfd *event) {
  return event->revents != 0 || event->events == 0;
}


/*
** Fill the table with those that are ready. It was there before poll(2) looked,
** so that nothing allocates, and no finalizer changes the list, between that
** and this.
*/
static int setready (lua_State *L, const struct pollfd *events, lua_Integer n) {
  lua_Integer ready = 0;
  for (lua_Integer i = 1; i <= n; i++) {
    if (events[i - 1].revents & POLLNVAL) {
      lua_rawgeti(L, LIST, i);
      return pfd_fail(L, pfd_about(L, "poll", lua_gettop(L)), -EBADF);
    }
    if (isready(&events[i - 1])) {
      lua_rawgeti(L, LIST, i);
      lua_rawseti(L, READY, ++ready);
    }
  }
  return 1;
}


/*
** Lua code may have run. By the debug library, it may have replaced what is on
** the stack.
*/
static void checkvalues (lua_State *L, const struct pollfd *events,
                         size_t size) {
  luaL_checktype(L, LIST, LUA_TTABLE);
  if (lua_touserdata(L, EVENTS) != events || lua_rawlen(L, EVENTS) != size ||
      !lua_istable(L, READY))
    luaL_error(L, "poll: values have been taken away");
}


/*
** pidfd.poll (list [, timeout])
** poll(2): wait at most 'timeout' seconds for one or more of the objects in
** a list to be ready, for ever if absent, not at all if 0. A pidfd is ready
** when its process has ended; a pidfd.fd when 'fd:read' would not wait.
**
** Returns a list of those that are ready, in the order of the first; it
** is empty when the time is over. Or fails with
**   EBADF   somebody has closed a descriptor by its number
**   ENOMEM  the kernel has no memory for so many
**
** A pidfd.fd that is open only for writing is ready when nobody reads any
** more, so that 'fd:write' would fail with EPIPE.
*/
int pfd_l_poll_list (lua_State *L) {
  lua_Integer n = (lua_Integer)pfd_arg_length(L, LIST);
  long long deadline = pfd_arg_timeout(L, TIMEOUT);
  luaL_argcheck(L, n > 0 || deadline != PFD_FOREVER, LIST,
                "timeout expected with an empty list, got none");
  lua_settop(L, TIMEOUT);
  size_t size = (size_t)n * sizeof(struct pollfd);
  struct pollfd *events = (struct pollfd *)lua_newuserdatauv(L, size, 0);
  lua_newtable(L);
  Sleeper s = {.L = L};
  int rc, dirty;
  do { /* a hook may have closed some */
    checkvalues(L, events, size);
    dirty = fill(L, events, n);
    rc = pfd_block(&s, events, (nfds_t)n, dirty ? PFD_NOWAIT : deadline);
  } while (rc == -EINTR);
  checkvalues(L, events, size);
  if (rc < 0)
    return pfd_fail(L, "poll", rc);
  return (rc > 0 || dirty) ? setready(L, events, n) : 1;
}
