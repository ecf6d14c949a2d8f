/*
** The one place where a call sleeps. It sleeps in poll(2), which every
** signal interrupts, and gives Lua its turn then: Lua itself, and the
** libraries that offer signals to Lua, set a hook in their C handlers
** and leave the rest to it. A handler that runs in another thread does not
** interrupt the sleep: in a process that has several threads, the hooks are
** looked at 20 times a second besides.
**
** Deadlines are on the monotonic clock, in nanoseconds.
*/

#ifndef pfd_block_h
#define pfd_block_h

#include "../compat.h"
#include <poll.h>

#include "../linux/sys.h"

#pragma GCC visibility push(hidden)


#define PFD_FOREVER (-1LL)
#define PFD_NOWAIT 0LL

/* how often to ask where no event will tell: ten milliseconds */
#define PFD_TICK 10000000LL

/* how often to look for a signal that another thread handled: 50 ms */
#define PFD_GLANCE 50000000LL

/* so long from now; PFD_NOWAIT if that is not at all */
long long pfd_block_deadline (long long nanoseconds);

/* the earlier of two deadlines */
long long pfd_block_earlier (long long one, long long other);

/* is there no time left? */
int pfd_block_past (long long deadline);

/*
** A thread that waits, and hooks, its own and the main one's, that have run.
** An event and a signal may come together: hooks run first, unless 'yields'
** is set. Then they run only while there is no event.
*/
typedef struct Sleeper {
  lua_State *L;
  lua_Hook own, main;
  int yields;
} Sleeper;

/* pfd_block for a deadline that is not PFD_NOWAIT */
int pfd_block_sleep (Sleeper *s, struct pollfd *fds, nfds_t n,
                     long long deadline);

/*
** poll(2). Returns -EINTR after an interruption, when hooks have run: they
** may have closed what 'fds' names, so the caller looks anew. A hook may
** raise, so the caller holds nothing that is not on the stack. The sleeper
** has no hooks at first, and stays the same until what it waits for is there.
*/
static inline int pfd_block (Sleeper *s, struct pollfd *fds, nfds_t n,
                             long long deadline) {
  return (deadline == PFD_NOWAIT) ? pfd_sys_pollnow(fds, n)
                                  : pfd_block_sleep(s, fds, n, deadline);
}


#pragma GCC visibility pop

#endif
