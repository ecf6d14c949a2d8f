/*
** The one place where a call sleeps. It sleeps in poll(2), which every
** signal interrupts, and gives Lua its turn then: Lua itself, and the
** libraries that offer signals to Lua, set a hook in their C handlers
** and leave the rest to it.
*/

#ifndef pfd_block_h
#define pfd_block_h

#include <lua.h>
#include <poll.h>

#pragma GCC visibility push(hidden)


/*
** poll(2), going on with the time that is left after an interruption. A
** hook may raise, so the caller holds nothing that is not on the stack.
*/
int pfd_block (lua_State *L, struct pollfd *fds, nfds_t n, long long timeout);


#pragma GCC visibility pop

#endif
