/*
** What a child has used, as wait4(2) tells.
*/

#ifndef pfd_usage_h
#define pfd_usage_h

#include "../compat.h"

#include "../linux/kernel.h"

#pragma GCC visibility push(hidden)


/* push a table of it: times in seconds, memory in bytes */
void pfd_usage_push (lua_State *L, const Usage *usage);


#pragma GCC visibility pop

#endif
