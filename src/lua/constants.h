/*
** Names for numbers, in both directions.
*/

#ifndef pfd_constants_h
#define pfd_constants_h

#include "../compat.h"

#pragma GCC visibility push(hidden)


/* push the table of flag bits by name */
void pfd_constants_flags (lua_State *L);

/* push the table of errors: names to numbers, numbers to names */
void pfd_constants_errno (lua_State *L);

/* push the table of signals: names to numbers, numbers to names */
void pfd_constants_signal (lua_State *L);

/* the number behind "TERM" or "SIGTERM", -1 if there is no such name */
int pfd_constants_findsignal (const char *name);

/* the first name of a signal, NULL if it has none */
const char *pfd_constants_signalname (int sig);


#pragma GCC visibility pop

#endif
