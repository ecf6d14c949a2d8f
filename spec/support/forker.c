/*
** A Lua module: a thread that makes processes by fork(2) which execute nothing
** and live as long as this one. They inherit whatever descriptors there are
** in the moment, close-on-exec or not.
*/

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../../src/compat.h"

#define MOST 100


static atomic_int count;


/* they end with the thread that made them, which never ends by itself */
static void *forkall (void *unused) {
  pid_t parent = getpid();
  (void)unused;
  for (; count < MOST; count++)
    if (fork() == 0) {
      (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) /* it ended first, and no signal comes */
        _exit(EXIT_SUCCESS);
      for (;;)
        (void)pause();
    }
  for (;;)
    (void)pause();
}


/* start(): those of an earlier start have been made */
static int start (lua_State *L) {
  pthread_t thread;
  count = 0;
  lua_pushboolean(L, pthread_create(&thread, NULL, forkall, NULL) == 0);
  return 1;
}


/* done(): has it made all of them? */
static int done (lua_State *L) {
  lua_pushboolean(L, count >= MOST);
  return 1;
}


int luaopen_forker (lua_State *L); /* found by its name */


int luaopen_forker (lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, start);
  lua_setfield(L, -2, "start");
  lua_pushcfunction(L, done);
  lua_setfield(L, -2, "done");
  return 1;
}
