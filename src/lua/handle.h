/*
** A handle is a userdata that owns one descriptor: it is closed by
** 'close', by '__close' or by the collector, whichever comes first, and
** exactly once. There are two types: a pidfd, and any other descriptor
** that this module makes ("pidfd.fd"): one taken out of a process, a
** namespace, our end of a pipe.
**
** A handle is born closed, with its metatable, before the system call
** that gives it something to own. A memory error can then only lose an
** empty handle, never a descriptor.
*/

#ifndef pfd_handle_h
#define pfd_handle_h

#include "../compat.h"

#include "../linux/end.h"

#pragma GCC visibility push(hidden)


/*
** The types, and where their metatables are among the upvalues that all
** functions of the module have: a check is then a comparison.
*/
typedef enum Type { PFD_NONE, PFD_PIDFD, PFD_FD } Type;

typedef struct Handle {
  int fd;  /* negative when closed */
  End end; /* of a process, once 'wait' has told it */
} Handle;


/* push a closed handle of that type */
Handle *pfd_handle_new (lua_State *L, Type type);

/* the type of any value, PFD_NONE if it is no handle */
Type pfd_handle_type (lua_State *L, int arg);

/* what Lua calls that type */
const char *pfd_handle_name (Type type);

/* raise unless 'arg' is a handle, open or closed, of either type */
Handle *pfd_handle_check (lua_State *L, int arg);

/* raise unless 'arg' is an open handle of either type */
Handle *pfd_handle_open (lua_State *L, int arg);

/* raise unless 'arg' is an open handle of that very type */
Handle *pfd_handle_openas (lua_State *L, int arg, Type type);

/* close it unless it is closed already: 0 or -errno */
int pfd_handle_close (Handle *h);

/* forget the descriptor without closing it, and return it */
int pfd_handle_release (Handle *h);

/* loop condition around a call that makes a descriptor */
int pfd_handle_retry (lua_State *L, int rc, int *tries);

/* own the descriptor 'rc', or fail if it is an error; 'h' is on top */
int pfd_handle_own (lua_State *L, Handle *h, const char *call, int rc);


#pragma GCC visibility pop

#endif
