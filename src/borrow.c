#include "borrow.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "handle.h"
#include "sys.h"


/* the number on top; LuaSocket gives a float, and -1 when closed */
static int tofd (lua_State *L) {
  int isinteger;
  lua_Integer n = lua_tointegerx(L, -1, &isinteger);
  int valid = lua_type(L, -1) == LUA_TNUMBER && isinteger && n <= INT_MAX;
  return (valid && n >= 0) ? (int)n : -1;
}


static int offile (lua_State *L, const luaL_Stream *stream) {
  if (stream->closef == NULL)
    luaL_error(L, "attempt to use a closed file");
  return pfd_sys_fileno(stream->f);
}


/* call method 'name' of the object on top, if it has it */
static int askobject (lua_State *L, const char *name) {
  int fd = -1;
  if (lua_getfield(L, -1, name) == LUA_TFUNCTION) {
    lua_pushvalue(L, -2); /* object, method, object */
    lua_call(L, 1, 1);
    fd = tofd(L);
    if (fd < 0)
      luaL_error(L, "method '%s' gives no descriptor: is it closed?", name);
  }
  lua_pop(L, 1);
  return fd;
}


static int ofobject (lua_State *L) {
  static const char *const methods[] = {"fileno", "getfd", "pollfd", NULL};
  int fd = -1;
  for (const char *const *name = methods; *name != NULL && fd < 0; name++)
    fd = askobject(L, *name);
  return fd;
}


int pfd_borrow (lua_State *L) {
  int type = lua_type(L, -1);
  if (type == LUA_TNUMBER)
    return tofd(L);
  if (type != LUA_TUSERDATA && type != LUA_TTABLE)
    return -1;
  if (pfd_handle_type(L, -1) != PFD_NONE)
    return pfd_handle_open(L, lua_gettop(L))->fd;
  const luaL_Stream *stream =
    (const luaL_Stream *)luaL_testudata(L, -1, LUA_FILEHANDLE);
  return (stream != NULL) ? offile(L, stream) : ofobject(L);
}
