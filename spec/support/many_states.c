/*
** many_states N CODE: run the Lua code in N states of this one process, one
** after the other; each is closed before the next begins, and so the module is
** unloaded.
*/

#include <stdio.h>
#include <stdlib.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>


int main (int argc, char **argv) {
  if (argc != 3)
    return EXIT_FAILURE;
  for (long n = strtol(argv[1], NULL, 10); n > 0; n--) {
    lua_State *L = luaL_newstate();
    if (L == NULL)
      return EXIT_FAILURE;
    luaL_openlibs(L);
    if (luaL_dostring(L, argv[2])) {
      (void)fprintf(stderr, "%s\n", lua_tostring(L, -1));
      return EXIT_FAILURE;
    }
    lua_close(L);
  }
  return EXIT_SUCCESS;
}
