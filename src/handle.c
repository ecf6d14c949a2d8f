#include "handle.h"

#include <errno.h>

#include <lauxlib.h>
#include <lua.h>

#include "result.h"
#include "sys.h"


Handle *pfd_handle_new (lua_State *L, const char *type) {
  Handle *h = (Handle *)lua_newuserdatauv(L, sizeof(Handle), 0);
  h->fd = -1; /* before the metatable: '__gc' may run from here on */
  luaL_setmetatable(L, type);
  return h;
}


const char *pfd_handle_type (lua_State *L, int arg) {
  if (luaL_testudata(L, arg, PFD_PIDFD))
    return PFD_PIDFD;
  return luaL_testudata(L, arg, PFD_FD) ? PFD_FD : NULL;
}


Handle *pfd_handle_check (lua_State *L, int arg) {
  if (pfd_handle_type(L, arg) == NULL)
    luaL_typeerror(L, arg, PFD_PIDFD " or " PFD_FD);
  return (Handle *)lua_touserdata(L, arg);
}


static Handle *checkopen (lua_State *L, Handle *h, const char *type) {
  if (h->fd < 0)
    luaL_error(L, "attempt to use a closed %s", type);
  return h;
}


Handle *pfd_handle_open (lua_State *L, int arg) {
  Handle *h = pfd_handle_check(L, arg);
  return checkopen(L, h, pfd_handle_type(L, arg));
}


Handle *pfd_handle_openas (lua_State *L, int arg, const char *type) {
  return checkopen(L, (Handle *)luaL_checkudata(L, arg, type), type);
}


int pfd_handle_release (Handle *h) {
  int fd = h->fd;
  h->fd = -1;
  return fd;
}


/* the handle is closed before the call: whatever close(2) says, it is over */
int pfd_handle_close (Handle *h) {
  int fd = pfd_handle_release(h);
  return (fd < 0) ? 0 : pfd_sys_close(fd);
}


/*
** Descriptors are closed by the collector, and the collector does not
** know that they are scarce. When they have run out, let it close what
** nobody uses any more, and try once again:
**
**   int rc, tries = 0;
**   do
**     rc = pfd_sys_...;
**   while (pfd_handle_retry(L, rc, &tries));
*/
int pfd_handle_retry (lua_State *L, int rc, int *tries) {
  int scarce = (rc == -EMFILE || rc == -ENFILE);
  if (!scarce || (*tries)++ > 0)
    return 0;
  lua_gc(L, LUA_GCCOLLECT);
  return 1;
}


int pfd_handle_own (lua_State *L, Handle *h, const char *call, int rc) {
  if (rc < 0)
    return pfd_fail(L, call, rc);
  h->fd = rc;
  return 1;
}
