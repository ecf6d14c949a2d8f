#include "result.h"

#include <string.h>

#include <lauxlib.h>
#include <lua.h>


int pfd_fail (lua_State *L, const char *call, int rc) {
  int err = -rc;
  luaL_pushfail(L);
  lua_pushfstring(L, "%s: %s", call, strerror(err));
  lua_pushinteger(L, err);
  return 3;
}


int pfd_ok (lua_State *L) {
  lua_pushboolean(L, 1);
  return 1;
}


int pfd_result (lua_State *L, const char *call, int rc) {
  return (rc < 0) ? pfd_fail(L, call, rc) : pfd_ok(L);
}
