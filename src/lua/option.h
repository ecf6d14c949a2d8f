/*
** The value of one option, which is on top of the stack: each function checks
** it, takes it off, and raises an error that names the option if it is not what
** it should be.
*/

#ifndef pfd_option_h
#define pfd_option_h

#include "../compat.h"

#pragma GCC visibility push(hidden)


/*
** The stack: the options, and the table that keeps what the plan points at.
** What is kept gets the next number. The number depends on the options, so what
** is looked up later is kept under a name, or its number is noted.
*/
#define PFD_OPTIONS 1
#define PFD_KEPT 2

/* a descriptor that is borrowed, and whose it is */
typedef struct Borrowed {
  int fd;
  lua_Integer at; /* place in the table of what is kept; 0: none */
  const char *name;
} Borrowed;


/* raise an error that names the option */
int pfd_option_bad (lua_State *L, const char *key, const char *reason);

/* the same about the value on top */
void pfd_option_expected (lua_State *L, const char *key, const char *what);

/* raise unless the value on top, which stays there, is of that type */
void pfd_option_wanttype (lua_State *L, const char *key, int type);

/* pop the value on top, and have it live until the call returns */
void pfd_option_keep (lua_State *L);

/* an array with room for one element more, all zero, that lives as long */
void *pfd_option_array (lua_State *L, unsigned long long n, size_t size);

const char *pfd_option_string (lua_State *L, const char *key);

int pfd_option_boolean (lua_State *L, const char *key);

/* an integer from 'lo' to 'hi' */
lua_Integer pfd_option_integer (lua_State *L, const char *key, lua_Integer lo,
                                lua_Integer hi);

/* a signal's number or name */
int pfd_option_signal (lua_State *L, const char *key);

/* a word: its place in the list */
int pfd_option_word (lua_State *L, const char *key, const char *const *words);

/* a descriptor to borrow, which may be an object's */
int pfd_option_descriptor (lua_State *L, const char *key, Borrowed *b);

/* replace the table on top by a copy: how many fields that has */
size_t pfd_option_table (lua_State *L, const char *key);


#pragma GCC visibility pop

#endif
