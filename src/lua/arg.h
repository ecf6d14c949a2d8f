/*
** Checks of arguments. Each returns the value in its C type, or raises:
** a number is checked before it is narrowed, and a string is no number.
*/

#ifndef pfd_arg_h
#define pfd_arg_h

#include "../compat.h"
#include <stddef.h>
#include <sys/types.h>

#pragma GCC visibility push(hidden)


/*
** What lua_isnoneornil tells, for less where there is no argument: mostly there
** is none.
*/
static inline int pfd_arg_isabsent (lua_State *L, int arg) {
  return lua_gettop(L) < arg || lua_isnil(L, arg);
}

/* a process id: from 1 up */
pid_t pfd_arg_pid (lua_State *L, int arg);

/* optional flag bits, 0 if absent; bits without a name pass */
unsigned int pfd_arg_flags (lua_State *L, int arg);

/* the same, but it has to be there */
unsigned int pfd_arg_options (lua_State *L, int arg);

/* a signed number of 32 bits */
int pfd_arg_int (lua_State *L, int arg);

/* a value as an int from 0 up, or -1 if it is anything else; never raises */
int pfd_arg_tofd (lua_State *L, int arg);

/* a descriptor number of this process: from 0 up */
int pfd_arg_fd (lua_State *L, int arg);

/* a descriptor number of another process; an object is refused */
int pfd_arg_targetfd (lua_State *L, int arg);

/* a signal number from 0 up, or a signal's name */
int pfd_arg_signal (lua_State *L, int arg);

/* nanoseconds, or PFD_FOREVER, in 'time'; 0 if that is no time */
int pfd_arg_totime (lua_Number seconds, long long *time);

/* seconds from now as a deadline for 'pfd_block' */
long long pfd_arg_seconds (lua_State *L, int arg);

/* the same, optional: for ever if absent */
long long pfd_arg_timeout (lua_State *L, int arg);

/* how many bytes to read at most: from 1 up, cut to what a call can read */
size_t pfd_arg_size (lua_State *L, int arg);

/* true or false, nothing else */
int pfd_arg_boolean (lua_State *L, int arg);

/* a string without zeros in it */
const char *pfd_arg_string (lua_State *L, int arg);

/* which of the words it is, a list that NULL ends: the place in that */
int pfd_arg_word (lua_State *L, int arg, const char *const *words);

/* the length of a list, which may be multiplied by the size of a struct */
size_t pfd_arg_length (lua_State *L, int arg);

/*
** Get the light userdata with which this module has called its own function.
** A hook at that call may have replaced it, with the debug library: then this
** raises.
*/
void *pfd_arg_pointer (lua_State *L, int arg);

/*
** Look up a string again after Lua code may have run. The debug library may
** have replaced it: another string of the same length is used, and anything
** else raises.
*/
const char *pfd_arg_again (lua_State *L, int arg, size_t length);

/* optional mode of an io file, "r" if absent */
const char *pfd_arg_mode (lua_State *L, int arg);


#pragma GCC visibility pop

#endif
