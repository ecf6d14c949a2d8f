/*
** Waiting until a process is over and it is known how.
*/

#ifndef pfd_await_h
#define pfd_await_h

#include "../compat.h"

#include "handle.h"

#pragma GCC visibility push(hidden)


/*
** Wait for the end of the pidfd at 'arg', which remembers it. Returns 0,
** or -ETIMEDOUT, or -EDEADLK for the process itself, or another -errno.
** "unknown" is remembered only if it is the last word.
*/
int pfd_await (lua_State *L, int arg, long long deadline, End *end);

/* push Lua's word for it, and the code */
int pfd_await_push (lua_State *L, End end);


#pragma GCC visibility pop

#endif
