/*
** Starting a program from Lua: Lua's hooks have their turn while this process
** waits for the child to run it, so that Ctrl-C ends a wait that has no end.
*/

#ifndef pfd_start_h
#define pfd_start_h

#include "../compat.h"

#include "../linux/launch.h"
#include "plan.h"

#pragma GCC visibility push(hidden)


/*
** Push what 'pfd_start' calls. This may raise, and is for the time before the
** caller has something to lose. The launch is in the caller's frame.
*/
void pfd_start_prepare (lua_State *L, Launching *l);

/*
** Start the program; assumes on top what was pushed to prepare it, and pops
** that. Raises nothing. Returns the pidfd; or -errno, when there is no child
** and 'failure' says why. If a hook or a finalizer raises, there is no child
** either: the error is left on top of the stack, and the result is PFD_RAISED.
** The caller closes what it has to, and raises it again.
*/
int pfd_start (lua_State *L, Launching *l, const Plan *plan, Failure *failure);

/* no errno */
#define PFD_RAISED (-0x10000)


#pragma GCC visibility pop

#endif
