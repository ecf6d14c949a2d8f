/*
** A file, a directory or a link below the /proc directory of a process: it is
** opened below a directory that is surely the process's own, so nothing that is
** done with it can reach another process. If the first thread has ended, what
** threads share is read below the directory of one that is alive.
*/

#ifndef pfd_below_h
#define pfd_below_h

#include "../compat.h"

#include "handle.h"

#pragma GCC visibility push(hidden)


/*
** What to do with it. 'use' pushes the result and returns 0, or 1 to do it all
** again, or -errno; it sets 'empty' if there was nothing, which may be because
** the first thread has ended.
*/
typedef struct Below {
  const char *call; /* for messages */
  const char *name;
  int flags; /* to open it */
  int (*use)(lua_State *L, struct Below *b);
  Handle *file; /* open while it is used */
  int empty;
} Below;


/* the name of something below /proc/PID; raises if it leads out of it */
const char *pfd_below_name (lua_State *L, int arg);

/*
** The links of a process that has ended lead nowhere, and it belongs to root
** by then: -ESRCH instead of an 'rc' that says so.
*/
int pfd_below_missing (int pidfd, int rc);

/*
** Open and use it: the pidfd is argument 1. Returns the number of results: one,
** or those of a failure. If the process ends meanwhile, some of what was read
** may be missing: that is ESRCH.
*/
int pfd_below_ask (lua_State *L, Below *b);

/* likewise, to write: what was written before the process ended is a success */
int pfd_below_tell (lua_State *L, Below *b);


#pragma GCC visibility pop

#endif
