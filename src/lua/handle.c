#include "handle.h"

#include <errno.h>

#include "../compat.h"

#include "../linux/sys.h"
#include "result.h"


/*
** The collector knows of the few bytes of a handle only. That a descriptor
** weighs more is told it by a small step for every so many of them, or it
** would let dead handles pile up.
*/
static void weigh (lua_State *L) {
  static _Atomic unsigned int born; /* in all states: roughly */
  if (born++ % 16 == 0 && lua_gc(L, LUA_GCISRUNNING))
    lua_gc(L, LUA_GCSTEP, 1);
}


Handle *pfd_handle_new (lua_State *L, Type type) {
  weigh(L);
  Handle *h = (Handle *)lua_newuserdatauv(L, sizeof(Handle), 0);
  *h = (Handle){.fd = -1}; /* before the metatable: '__gc' may run then */
  lua_pushvalue(L, lua_upvalueindex((int)type));
  lua_setmetatable(L, -2);
  return h;
}


Type pfd_handle_type (lua_State *L, int arg) {
  if (lua_type(L, arg) != LUA_TUSERDATA || !lua_getmetatable(L, arg))
    return PFD_NONE;
  Type type = PFD_NONE;
  if (lua_rawequal(L, -1, lua_upvalueindex(PFD_PIDFD)))
    type = PFD_PIDFD;
  else if (lua_rawequal(L, -1, lua_upvalueindex(PFD_FD)))
    type = PFD_FD;
  lua_pop(L, 1);
  return type;
}


const char *pfd_handle_name (Type type) {
  static const char *const names[] = {
    [PFD_NONE] = NULL, [PFD_PIDFD] = "pidfd", [PFD_FD] = "pidfd.fd"};
  return names[type];
}


static Handle *checkopen (lua_State *L, int arg, Type type) {
  Handle *h = (Handle *)lua_touserdata(L, arg);
  if (h->fd < 0)
    luaL_error(L, "attempt to use a closed %s", pfd_handle_name(type));
  return h;
}


Handle *pfd_handle_check (lua_State *L, int arg) {
  if (pfd_handle_type(L, arg) == PFD_NONE)
    luaL_typeerror(L, arg, "pidfd or pidfd.fd");
  return (Handle *)lua_touserdata(L, arg);
}


Handle *pfd_handle_open (lua_State *L, int arg) {
  Type type = pfd_handle_type(L, arg);
  if (type == PFD_NONE)
    luaL_typeerror(L, arg, "pidfd or pidfd.fd");
  return checkopen(L, arg, type);
}


Handle *pfd_handle_openas (lua_State *L, int arg, Type type) {
  if (pfd_handle_type(L, arg) != type)
    luaL_typeerror(L, arg, pfd_handle_name(type));
  return checkopen(L, arg, type);
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
