/*
** The option 'rlimits': the limits of setrlimit(2), by their names.
*/

#ifndef pfd_rlimits_h
#define pfd_rlimits_h

#include "../compat.h"

#include "../linux/launch.h"

#pragma GCC visibility push(hidden)


/* read the table on top, and pop it */
void pfd_rlimits_read (lua_State *L, Launch *launch, const char *key);


#pragma GCC visibility pop

#endif
