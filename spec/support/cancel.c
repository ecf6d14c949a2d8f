/*
** A Lua module: a thread that is to be cancelled, and makes no cancellation
** point of its own.
**
**   cancel.run(code)   run the code in a new state, in a thread for which a
**                      cancellation is pending; returns the string that it
**                      returns, or nil and an error, and how often a clean-up
**                      handler of the thread has run, in whatever process
*/

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>


typedef struct Job {
  const char *code, *cpath;
  int good;
  char result[256];
} Job;

/* shared with processes that are copies of this one */
static atomic_int *cleanups;


static void cleanup (void *unused) {
  (void)unused;
  (*cleanups)++;
}


static void perform (lua_State *L, Job *job) {
  luaL_openlibs(L);
  lua_getglobal(L, "package");
  lua_pushstring(L, job->cpath);
  lua_setfield(L, -2, "cpath");
  int status = luaL_loadstring(L, "pidfd = require 'pidfd'");
  if (status == LUA_OK)
    status = lua_pcall(L, 0, 0, 0);
  if (status == LUA_OK)
    status = luaL_loadstring(L, job->code);
  if (status == LUA_OK) {
    (void)pthread_cancel(pthread_self());
    (void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    status = lua_pcall(L, 0, 1, 0);
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  }
  const char *result = lua_tostring(L, -1);
  job->good = status == LUA_OK;
  (void)snprintf(job->result, sizeof(job->result), "%s",
                 result ? result : "no string");
}


/* the two macros are loops */
/* NOLINTNEXTLINE(readability-function-cognitive-complexity) */
static void *work (void *argument) {
  (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  lua_State *L = luaL_newstate();
  pthread_cleanup_push(cleanup, NULL);
  if (L != NULL) {
    perform(L, (Job *)argument);
    lua_close(L);
  }
  pthread_cleanup_pop(0);
  return NULL;
}


static int run (lua_State *L) {
  pthread_t thread;
  Job job = {.code = luaL_checkstring(L, 1)};
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "cpath");
  job.cpath = lua_tostring(L, -1);
  cleanups = (atomic_int *)mmap(NULL, sizeof(*cleanups), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (cleanups == MAP_FAILED || pthread_create(&thread, NULL, work, &job) != 0)
    return luaL_error(L, "no thread");
  (void)pthread_join(thread, NULL);
  lua_settop(L, 0);
  if (!job.good)
    lua_pushnil(L);
  lua_pushstring(L, job.result);
  lua_pushinteger(L, *cleanups);
  (void)munmap(cleanups, sizeof(*cleanups));
  return lua_gettop(L);
}


int luaopen_cancel (lua_State *L); /* found by its name */


int luaopen_cancel (lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, run);
  lua_setfield(L, -2, "run");
  return 1;
}
