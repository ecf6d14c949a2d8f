/*
** Private copies of tables. A finalizer can run at any allocation, and it
** may add to a table or remove from it. So no table of the caller's is
** counted, and then read with an allocation in between: it is copied at
** one moment, and then nobody else can change what is read.
*/

#ifndef pfd_copy_h
#define pfd_copy_h

#include "../compat.h"
#include <limits.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)


/* so many elements, times any struct of ours, are an int still */
#define PFD_MAXFIELDS (INT_MAX / 32 - 1)

/* raise about argument 'arg' that it has 'n' of them, which is more */
int pfd_copy_toolarge (lua_State *L, int arg, unsigned long long n);

/* the number of fields of the table on top, those of its list too */
size_t pfd_copy_count (lua_State *L);

/*
** Replace the table on top by a copy. If there is too much in it, or it
** grows again and again meanwhile, raise about argument 'arg'.
*/
void pfd_copy_table (lua_State *L, int arg);

/* push a copy of the first 'lua_rawlen' elements of the table at 'arg' */
size_t pfd_copy_list (lua_State *L, int arg);


#pragma GCC visibility pop

#endif
