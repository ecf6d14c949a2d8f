/*
** A Lua module: another library's userdata, whose memory is that of an object
** of ours, or looks like it.
*/

#include <string.h>

#include "../../src/compat.h"


/* copy (o): a userdata with the same bytes */
static int copy (lua_State *L) {
  size_t size = (size_t)lua_rawlen(L, 1);
  memcpy(lua_newuserdatauv(L, size, 0), lua_touserdata(L, 1), size);
  return 1;
}


/* reuse (size): a userdata that says nothing of what was in its memory */
static int reuse (lua_State *L) {
  (void)lua_newuserdatauv(L, (size_t)luaL_checknumber(L, 1), 0);
  return 1;
}


/* size (o) */
static int size (lua_State *L) {
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 1));
  return 1;
}


/* light (o): light userdata of the same address */
static int light (lua_State *L) {
  lua_pushlightuserdata(L, lua_touserdata(L, 1));
  return 1;
}


static const luaL_Reg functions[] = {{"copy", copy},
                                     {"reuse", reuse},
                                     {"size", size},
                                     {"light", light},
                                     {NULL, NULL}};


int luaopen_lookalike (lua_State *L);


int luaopen_lookalike (lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
