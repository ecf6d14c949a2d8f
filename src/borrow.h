/*
** A descriptor to borrow: a number, an object of this module, a file of
** the io library, or any object with a method 'fileno', 'getfd' or
** 'pollfd'. The object goes on owning it.
*/

#ifndef pfd_borrow_h
#define pfd_borrow_h

#include <lua.h>

#pragma GCC visibility push(hidden)


/*
** The number behind the value on top, which stays there; -1 if it is no
** descriptor. Raises if it is a closed one. May call methods.
*/
int pfd_borrow (lua_State *L);


#pragma GCC visibility pop

#endif
