/*
** Waiting until a process is over and it is known how.
*/

#ifndef pfd_await_h
#define pfd_await_h

#include "../compat.h"

#include "../linux/end.h"
#include "handle.h"

#pragma GCC visibility push(hidden)


/* which pidfd, until when, and whether a child is reaped */
typedef struct Await {
  int arg;
  long long deadline;
  Reap reap;
} Await;

/* the optional word "peek" at 'arg' */
Reap pfd_await_reap (lua_State *L, int arg);

/*
** Wait for the end of the pidfd, which remembers it. Returns 0, -ETIMEDOUT,
** -EDEADLK for this process or the calling thread, or another -errno.
** "unknown" is remembered only if nobody can tell it any more.
*/
int pfd_await (lua_State *L, const Await *await, End *end);

/* push Lua's word for it, and the code */
int pfd_await_push (lua_State *L, End end);


#pragma GCC visibility pop

#endif
