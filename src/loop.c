#include <lua.h>

#include "calls.h"
#include "handle.h"

/*
** What event loops ask of an object, besides its number ('pollfd' for
** cqueues, 'getfd' for LuaSocket, 'fileno' for the rest).
*/


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
