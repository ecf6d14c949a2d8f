/*
** A Lua module that is a function: setenv(name, value), as setenv(3).
*/

#include <stdlib.h>

#include "../../src/compat.h"


static int set (lua_State *L) {
  setenv(luaL_checkstring(L, 1), luaL_checkstring(L, 2), 1);
  return 0;
}


LUAMOD_API int luaopen_setenv (lua_State *L) {
  lua_pushcfunction(L, set);
  return 1;
}
