/*
** The one place where a call sleeps. It sleeps in poll(2), which every
** signal interrupts, and gives Lua its turn then: Lua itself, and the
** libraries that offer signals to Lua, set a hook in their C handlers
** and leave the rest to it.
**
** Deadlines are on the monotonic clock, in nanoseconds.
*/

#ifndef pfd_block_h
#define pfd_block_h

#include <lua.h>
#include <poll.h>

#pragma GCC visibility push(hidden)


#define PFD_FOREVER (-1LL)
#define PFD_NOWAIT 0LL

/* so long from now; PFD_NOWAIT if that is not at all */
long long pfd_block_deadline (long long nanoseconds);

/* the earlier of two deadlines */
long long pfd_block_earlier (long long one, long long other);

/* is there no time left? */
int pfd_block_past (long long deadline);

/*
** poll(2). Returns -EINTR after an interruption, when hooks have run: they
** may have closed what 'fds' names, so the caller looks anew. A hook may
** raise, so the caller holds nothing that is not on the stack.
*/
int pfd_block (lua_State *L, struct pollfd *fds, nfds_t n, long long deadline);


#pragma GCC visibility pop

#endif
