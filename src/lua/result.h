/*
** What a call returns: something true, or nil, a message and an errno.
** Each of these pushes it and returns how many values that is.
*/

#ifndef pfd_result_h
#define pfd_result_h

#include "../compat.h"

#pragma GCC visibility push(hidden)


/*
** nil, "call: reason", errno; 'rc' is a negative errno. In the message "call"
** is "call subject" mostly, see about.h.
*/
int pfd_fail (lua_State *L, const char *call, int rc);

/* the same, with "(hint)" after the reason */
int pfd_fail_hint (lua_State *L, const char *call, const char *hint, int rc);

/*
** The same for a call that reads /proc: if it fails with ENOENT because that is
** missing, the hint says so.
*/
int pfd_fail_proc (lua_State *L, const char *call, int rc);

/*
** The same for what came with Linux 'version': "(before Linux 'version')" is
** the hint if that is why it fails.
*/
int pfd_fail_before (lua_State *L, const char *call, const char *version,
                     int rc);

/* true */
int pfd_ok (lua_State *L);


/* fields of a table that is being returned, and is on top */
void pfd_setinteger (lua_State *L, const char *key, lua_Integer n);
void pfd_setboolean (lua_State *L, const char *key, int b);


#pragma GCC visibility pop

#endif
