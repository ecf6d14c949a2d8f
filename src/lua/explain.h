/*
** Why was it not permitted? The kernel says EPERM and no more. This looks,
** after the failure, at the facts that the running system shows, and adds
** to the message what they point to; it adds nothing where they do not.
*/

#ifndef pfd_explain_h
#define pfd_explain_h

#include "../compat.h"

#pragma GCC visibility push(hidden)


/* which kind of ptrace access was refused, see ptrace(2) */
typedef enum Access { PFD_READ, PFD_ATTACH } Access;

/*
** Assumes nil, message, errno on top; may replace the message. The pidfd is
** at 'arg'; where a finalizer has closed it, there is nothing to look at.
*/
void pfd_explain (lua_State *L, int arg, Access access);


#pragma GCC visibility pop

#endif
