#include "result.h"

#include <string.h>

#include "../compat.h"


int pfd_fail (lua_State *L, const char *call, int rc) {
  int err = -rc;
  luaL_pushfail(L);
  lua_pushfstring(L, "%s: %s", call, strerror(err));
  lua_pushinteger(L, err);
  return 3;
}


int pfd_fail_before (lua_State *L, const char *call, const char *version,
                     int rc) {
  int n = pfd_fail(L, call, rc);
  lua_pushfstring(L, "%s (before Linux %s)", lua_tostring(L, -2), version);
  lua_replace(L, -3);
  return n;
}


int pfd_ok (lua_State *L) {
  lua_pushboolean(L, 1);
  return 1;
}


int pfd_result (lua_State *L, const char *call, int rc) {
  return (rc < 0) ? pfd_fail(L, call, rc) : pfd_ok(L);
}


void pfd_setinteger (lua_State *L, const char *key, lua_Integer n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
}


void pfd_setboolean (lua_State *L, const char *key, int b) {
  lua_pushboolean(L, b);
  lua_setfield(L, -2, key);
}
