/*
** What errors say: "WHAT expected, got VALUE". Each pushes the text, and
** returns it; the places on the stack count from its bottom.
*/

#ifndef pfd_expect_h
#define pfd_expect_h

#include "../compat.h"
#include <stddef.h>

#pragma GCC visibility push(hidden)


/* of a table that should be a list */
#define PFD_NOLIST "list expected, got a table with holes or names"

/* for 'what' */
#define PFD_SECONDS "seconds from 0 up"
#define PFD_SIGNALNAME "name of a signal"
#define PFD_NOZEROS "string without zeros"

/* "WHAT expected, got VALUE", for the value at 'index' */
const char *pfd_expect (lua_State *L, const char *what, int index);

/* the same with a number for the value */
const char *pfd_expect_number (lua_State *L, const char *what, lua_Integer n);

/* raise that about an argument */
int pfd_expect_arg (lua_State *L, int arg, const char *what);

/* for 'what': "integer from 1 to 5"; with LLONG_MAX for 'hi' "from 1 up" */
const char *pfd_expect_range (lua_State *L, lua_Integer lo, lua_Integer hi);

/*
** For 'what': "'a', 'b' or 'c'", the names in a list of strings, or of structs
** that begin with one; 'size' is that of an element, and NULL ends the list.
*/
const char *pfd_expect_names (lua_State *L, const void *list, size_t size);

/* is the value at 'index' one of those names? */
int pfd_expect_isname (lua_State *L, int index, const void *list, size_t size);


#pragma GCC visibility pop

#endif
