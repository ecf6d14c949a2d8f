/*
** two_states FIRST THEN: run the Lua code FIRST in two states of this one
** process, close the first state, and run THEN in the second.
*/

#include <stdio.h>
#include <stdlib.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>


static lua_State *newstate (void) {
  lua_State *L = luaL_newstate();
  if (L == NULL)
    exit(EXIT_FAILURE);
  luaL_openlibs(L);
  return L;
}


static void run (lua_State *L, const char *code) {
  if (luaL_dostring(L, code)) {
    (void)fprintf(stderr, "%s\n", lua_tostring(L, -1));
    exit(EXIT_FAILURE);
  }
}


int main (int argc, char **argv) {
  if (argc != 3)
    return EXIT_FAILURE;
  lua_State *one = newstate();
  lua_State *two = newstate();
  run(one, argv[1]);
  run(two, argv[1]);
  lua_close(one);
  run(two, argv[2]);
  lua_close(two);
  return EXIT_SUCCESS;
}
