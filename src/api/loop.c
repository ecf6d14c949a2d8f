#include <fcntl.h>

#include "../compat.h"

#include "../linux/input.h"
#include "../linux/sys.h"
#include "../lua/handle.h"
#include "calls.h"

/*
** What event loops ask of an object. LuaSocket asks for its number by
** 'getfd', see getfd.c, and others by 'fileno', see own.c.
*/


/*
** o:pollfd ()
** For cqueues: what to wait for.
**
** Returns the number of the descriptor.
*/
int pfd_l_pollfd (lua_State *L) {
  lua_pushinteger(L, pfd_handle_open(L, 1)->fd);
  return 1;
}


/*
** o:events ()
** For cqueues: which events to wait for.
**
** Returns "r"; or "w" for a pidfd.fd that is open only for writing, such as
** our end of a child's stdin. A pidfd becomes readable when its process ends.
*/
int pfd_l_events (lua_State *L) {
  int flags = pfd_sys_flags(pfd_handle_open(L, 1)->fd);
  int writes = flags >= 0 && (flags & O_ACCMODE) == O_WRONLY;
  lua_pushstring(L, writes ? "w" : "r");
  return 1;
}


/*
** o:timeout ()
** For cqueues: how long to wait at most.
**
** Returns nil: for ever.
*/
int pfd_l_timeout (lua_State *L) {
  (void)pfd_handle_open(L, 1);
  lua_pushnil(L);
  return 1;
}


/*
** o:dirty ()
** For LuaSocket's select: is something waiting in a buffer already?
**
** Returns true for a pidfd.fd of which 'fd:lines' has read more than it has
** returned, or else false.
*/
int pfd_l_dirty (lua_State *L) {
  const Handle *h = pfd_handle_open(L, 1);
  lua_pushboolean(L, pfd_input_length(pfd_handle_input(h)) > 0);
  return 1;
}
