/*
** A Lua module with one signal handler, which knows when it runs in a process
** that only borrows this one's memory:
**
**   handler.install(sig)  handle that signal from now on
**   handler.counts()      how often it ran in this process, and elsewhere
*/

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../src/compat.h"


static volatile sig_atomic_t here, elsewhere;
static long owner;


static void handle (int sig) {
  (void)sig;
  if (syscall(SYS_getpid) == owner)
    here++;
  else
    elsewhere++;
}


static int install (lua_State *L) {
  struct sigaction action = {.sa_handler = handle};
  owner = syscall(SYS_getpid);
  sigaction((int)luaL_checkinteger(L, 1), &action, NULL);
  return 0;
}


static int counts (lua_State *L) {
  lua_pushinteger(L, here);
  lua_pushinteger(L, elsewhere);
  return 2;
}


LUAMOD_API int luaopen_handler (lua_State *L) {
  static const luaL_Reg functions[] = {
    {"install", install},
    {"counts", counts},
    {NULL, NULL},
  };
  luaL_newlib(L, functions);
  return 1;
}
