/*
** A descriptor to borrow: a number, an object of this module, a file of
** the io library, or any object with a method 'fileno', 'getfd' or
** 'pollfd'. The object goes on owning it.
*/

#ifndef pfd_borrow_h
#define pfd_borrow_h

#include "../compat.h"

#pragma GCC visibility push(hidden)


/*
** The number behind an argument, which has to be a descriptor, or this raises.
** To be asked anew before each use, as a finalizer may have closed it. May call
** methods.
*/
int pfd_borrow_arg (lua_State *L, int arg);

/*
** The same for the value on top, which stays there, for a caller that makes the
** message itself. Returns -1 for what is closed or no descriptor, and then
** pushes the 'reason'.
*/
int pfd_borrow_try (lua_State *L, const char **reason);

/*
** Is 'fd' still the number behind the value on top? Neither allocates nor
** calls methods: what such an object has said is believed.
*/
int pfd_borrow_isheld (lua_State *L, int fd);


#pragma GCC visibility pop

#endif
