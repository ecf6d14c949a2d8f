#include "start.h"

#include <errno.h>

#include "../compat.h"

#include "../linux/launch.h"
#include "../linux/sys.h"
#include "arg.h"
#include "block.h"
#include "handle.h"


/*
** The launch is in the caller's frame, where no hook can reach it. This
** function is called by lua_pcall: a hook may raise, and then the child is
** killed. So hooks run only until the child has reported. A signal that comes
** later must not kill a program that runs already.
*/
static int await (lua_State *L) {
  Launching *l = (Launching *)pfd_arg_pointer(L, 1);
  Sleeper s = {.L = L, .yields = 1};
  struct pollfd events[2];
  do {
    pfd_launch_events(l, events);
    long long deadline = pfd_block_deadline(pfd_launch_patience(l));
    int rc = pfd_block(&s, events, 2, deadline);
    if (rc < 0 && rc != -EINTR)
      pfd_launch_giveup(l, "ppoll", rc);
  } while (!pfd_launch_look(l, events));
  return 0;
}


/* runs protected, too: before Lua 5.4 a finalizer may raise here */
static int collect (lua_State *L) {
  lua_gc(L, LUA_GCCOLLECT);
  return 0;
}


/*
** In Lua 5.1 each of the two functions takes memory, in LuaJIT the pointer; and
** so does the name by which 'pfd_plan_check' looks for files, if it is new.
*/
void pfd_start_prepare (lua_State *L, Launching *l) {
  lua_pushliteral(L, LUA_FILEHANDLE);
  lua_pushcfunction(L, collect);
  lua_pushcfunction(L, await);
  lua_pushlightuserdata(L, l);
}


/* assumes 'await' and the launch on top, and leaves them */
static int start (lua_State *L, Launching *l, const Launch *launch) {
  int rc = pfd_launch_start(l, launch);
  if (rc < 0)
    return rc;
  lua_pushvalue(L, -2);
  lua_pushvalue(L, -2);
  int status = lua_pcall(L, 1, 0, 0);
  if (status != LUA_OK) /* a hook at the return of 'await' comes too late */
    pfd_launch_giveup(l, "hook", -EINTR);
  rc = pfd_launch_finish(l);
  return (status == LUA_OK) ? rc : PFD_RAISED;
}


/*
** Cancellation of this thread is disabled, as in posix_spawn(3). Otherwise
** nobody would reap the child of a thread that is cancelled here.
*/
static int attempt (lua_State *L, Launching *l, const Plan *plan,
                    Failure *failure) {
  int rc = pfd_plan_check(L, plan, failure); /* no Lua runs from here on */
  if (rc < 0)
    return rc;
  int cancel = pfd_sys_forbidcancel();
  rc = start(L, l, &plan->launch);
  pfd_sys_allowcancel(cancel);
  *failure = l->failure;
  return rc;
}


int pfd_start (lua_State *L, Launching *l, const Plan *plan, Failure *failure) {
  int rc = attempt(L, l, plan, failure);
  if (pfd_handle_isscarce(rc)) {
    lua_pushvalue(L, -3);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK)
      return PFD_RAISED;
    rc = attempt(L, l, plan, failure);
  }
  if (rc != PFD_RAISED)
    lua_pop(L, 4);
  return rc;
}
