#include "../compat.h"

#include "../lua/handle.h"
#include "calls.h"

/*
** What event loops ask of an object. LuaSocket asks for its number by
** 'getfd', see getfd.c, and others by 'fileno', see own.c.
*/


/*
** p:pollfd ()
** For cqueues: what to wait for.
**
** Returns the number of the descriptor.
*/
int pfd_l_pollfd (lua_State *L) {
  lua_pushinteger(L, pfd_handle_openas(L, 1, PFD_PIDFD)->fd);
  return 1;
}


/*
** p:events ()
** For cqueues: which events to wait for.
**
** Returns "r": a pidfd becomes readable when its process ends.
*/
int pfd_l_events (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  lua_pushliteral(L, "r");
  return 1;
}


/*
** p:timeout ()
** For cqueues: how long to wait at most.
**
** Returns nil: for ever.
*/
int pfd_l_timeout (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  lua_pushnil(L);
  return 1;
}


/*
** p:dirty ()
** For LuaSocket's select: is something waiting in a buffer already?
**
** Returns false.
*/
int pfd_l_dirty (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  lua_pushboolean(L, 0);
  return 1;
}
