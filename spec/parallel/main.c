/*
** Several Lua states, each in a thread of its own, that run one program at
** the same time: PROGRAM SECONDS. It is built with ThreadSanitizer, and
** gives the program a table 'host':
**
**   host.thread    1 to 4
**   host.seconds   for how long to go on
**   host.fork(f)   fork(2), call f() in the child, which ends then; returns
**                  its status: 0, or 1 if f raised
*/

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/compat.h"

#define THREADS 4


LUAMOD_API int luaopen_pidfd (lua_State *L);


typedef struct Thread {
  pthread_t id;
  const char *program;
  lua_Integer number, seconds;
  int failed;
} Thread;


static int forkandcall (lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  pid_t pid = fork();
  if (pid == 0) {
    lua_settop(L, 1);
    _exit(lua_pcall(L, 0, 0, 0) != LUA_OK);
  }
  int status = -1;
  (void)waitpid(pid, &status, 0);
  lua_pushinteger(L, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  return 1;
}


static void openlibs (lua_State *L, const Thread *t) {
  luaL_openlibs(L);
  lua_newtable(L);
  lua_pushinteger(L, t->number);
  lua_setfield(L, -2, "thread");
  lua_pushinteger(L, t->seconds);
  lua_setfield(L, -2, "seconds");
  lua_pushcfunction(L, forkandcall);
  lua_setfield(L, -2, "fork");
  lua_setglobal(L, "host");
  lua_getglobal(L, LUA_LOADLIBNAME);
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, luaopen_pidfd);
  lua_setfield(L, -2, "pidfd");
  lua_pop(L, 2);
}


static void *run (void *argument) {
  Thread *t = (Thread *)argument;
  lua_State *L = luaL_newstate();
  if (L == NULL) {
    t->failed = 1;
    return NULL;
  }
  openlibs(L, t);
  t->failed = luaL_dofile(L, t->program);
  if (t->failed)
    (void)fprintf(stderr, "thread %d: %s\n", (int)t->number,
                  lua_tostring(L, -1));
  lua_close(L);
  return NULL;
}


int main (int argc, char **argv) {
  Thread threads[THREADS] = {{0}};
  int failed = 0;
  if (argc != 3)
    return EXIT_FAILURE;
  for (int i = 0; i < THREADS; i++) {
    Thread *t = &threads[i];
    t->program = argv[1];
    t->number = i + 1;
    t->seconds = strtol(argv[2], NULL, 10);
    if (pthread_create(&t->id, NULL, run, t) != 0)
      return EXIT_FAILURE;
  }
  for (int i = 0; i < THREADS; i++) {
    (void)pthread_join(threads[i].id, NULL);
    failed |= threads[i].failed;
  }
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
