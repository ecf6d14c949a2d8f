#include "borrow.h"

#include <stddef.h>
#include <stdio.h>

#include "../compat.h"

#include "../linux/sys.h"
#include "arg.h"
#include "expect.h"
#include "handle.h"


static int ofhandle (lua_State *L, const char **reason) {
  const Handle *h = pfd_handle_check(L, lua_gettop(L));
  if (h->fd < 0)
    *reason = pfd_handle_closed(L, pfd_handle_type(L, -1));
  return h->fd;
}


static int offile (lua_State *L, FILE *file, const char **reason) {
  if (file != NULL)
    return pfd_sys_fileno(file);
  *reason = lua_pushliteral(L, "open file expected, got a closed file");
  return -1;
}


/*
** Assumes an object and a method of that name on top, and pops the method. The
** reason stays on the stack: what is not there may be collected.
*/
static int askobject (lua_State *L, const char *name, const char **reason) {
  lua_pushvalue(L, -2); /* object, method, object */
  lua_call(L, 1, 1);
  int fd = pfd_arg_tofd(L, -1); /* LuaSocket has a float, -1 when closed */
  if (fd >= 0) {
    lua_pop(L, 1);
    return fd;
  }
  int value = lua_gettop(L);
  const char *what = lua_pushfstring(L, "open descriptor from '%s'", name);
  *reason = pfd_expect(L, what, value);
  return -1;
}


/* to ask a userdata without "__index" for a field is an error */
static int hasfields (lua_State *L) {
  if (lua_type(L, -1) == LUA_TTABLE)
    return 1;
  if (!luaL_getmetafield(L, -1, "__index"))
    return 0;
  lua_pop(L, 1);
  return 1;
}


static int ofobject (lua_State *L, const char **reason) {
  static const char *const methods[] = {"fileno", "getfd", "pollfd", NULL};
  if (!hasfields(L))
    return -1;
  for (const char *const *name = methods; *name != NULL; name++) {
    if (lua_getfield(L, -1, *name) == LUA_TFUNCTION)
      return askobject(L, *name, reason);
    lua_pop(L, 1);
  }
  return -1;
}


/* without a reason for what is no descriptor at all */
static int getfd (lua_State *L, const char **reason) {
  *reason = NULL;
  int type = lua_type(L, -1);
  if (type == LUA_TNUMBER)
    return pfd_arg_tofd(L, -1);
  if (type != LUA_TUSERDATA && type != LUA_TTABLE)
    return -1;
  if (pfd_handle_type(L, -1) != PFD_NONE)
    return ofhandle(L, reason);
  FILE *file;
  int isfile = pfd_compat_isfile(L, -1, &file);
  return isfile ? offile(L, file, reason) : ofobject(L, reason);
}


int pfd_borrow_try (lua_State *L, const char **reason) {
  int top = lua_gettop(L);
  int fd = getfd(L, reason);
  if (fd < 0 && *reason == NULL)
    *reason = pfd_expect(L, "descriptor", top);
  return fd;
}


int pfd_borrow_isheld (lua_State *L, int fd) {
  if (pfd_handle_type(L, -1) != PFD_NONE)
    return ((const Handle *)lua_touserdata(L, -1))->fd == fd;
  FILE *file;
  return !pfd_compat_isfile(L, -1, &file) ||
         (file != NULL && pfd_sys_fileno(file) == fd);
}


int pfd_borrow_arg (lua_State *L, int arg) {
  const char *reason;
  int top = lua_gettop(L);
  lua_pushvalue(L, arg);
  int fd = pfd_borrow_try(L, &reason);
  if (fd < 0)
    luaL_argerror(L, arg, reason);
  lua_settop(L, top);
  return fd;
}
