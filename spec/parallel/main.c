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

#define _GNU_SOURCE /* RTLD_NEXT */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/compat.h"

#define THREADS 4

/* seconds */
#define PATIENCE 60


LUAMOD_API int luaopen_pidfd (lua_State *L);


typedef struct Thread {
  pthread_t id;
  const char *program;
  lua_Integer number, seconds;
  int failed;
} Thread;


/*
** The module closes by syscall(2), as luv does, because a thread can be
** cancelled in close(3). ThreadSanitizer knows of close(3) only. Without this
** it takes a descriptor for open after it was closed, and another thread that
** gets the same number later for one that uses it at the same time.
**
** The C library's function is looked for before there are threads: dlsym(3)
** takes a lock, which another thread may have at the time of a fork.
*/
static long (*next)(long, ...);


__attribute__((constructor)) static void findnext (void) {
  void *symbol = dlsym(RTLD_NEXT, "syscall");
  memcpy(&next, &symbol, sizeof(next));
}


/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
long syscall (long number, ...) {
  long args[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; i++)
    args[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_close)
    return close((int)args[0]);
  return next(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}


/*
** Lua's memory in a child, which ends soon: nothing is freed, and what is new
** comes from here. Another thread may have been in malloc(3) at the time of the
** fork, and ThreadSanitizer's does not unlock itself in the child: to free a
** block there may hang for ever.
*/
static void *allocate (void *ud, void *block, size_t osize, size_t nsize) {
  static _Alignas(16) char memory[1 << 20];
  static size_t used = 0;
  (void)ud;
  if (nsize == 0 || (block != NULL && nsize <= osize))
    return (nsize == 0) ? NULL : block;
  if (nsize > sizeof(memory) - used)
    return NULL;
  char *new = memory + used;
  used += (nsize + 15) & ~(size_t)15;
  if (block != NULL)
    memcpy(new, block, osize);
  return new;
}


/* a child that hangs all the same is ended, and so the run fails */
static int forkandcall (lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  pid_t pid = fork();
  if (pid == 0) {
    (void)alarm(PATIENCE);
    lua_setallocf(L, allocate, NULL);
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
