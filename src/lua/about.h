/*
** Who or what a call that fails was about: messages begin with "call subject".
** Asked for after the failure only.
*/

#ifndef pfd_about_h
#define pfd_about_h

#include "../compat.h"

#pragma GCC visibility push(hidden)


/*
** Push, and return, "call 4242": the number of the process behind the pidfd at
** 'arg', if that is known or can be asked for, or of the descriptor of the
** pidfd.fd there.
*/
const char *pfd_about (lua_State *L, const char *call, int arg);

/* the same of something below /proc/PID: "call 4242/name" */
const char *pfd_about_file (lua_State *L, const char *call, int arg,
                            const char *name);

/* "call 7" */
const char *pfd_about_number (lua_State *L, const char *call, int n);


#pragma GCC visibility pop

#endif
