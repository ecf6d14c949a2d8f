#include "copy.h"

#include "../compat.h"

#include "expect.h"

/* how often a table may grow while room is made for its copy */
#define TRIES 8

/* of a table that finalizers never leave alone */
#define GROWS "table that does not grow while it is read expected"


size_t pfd_copy_count (lua_State *L) {
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
    n++;
  return n;
}


int pfd_copy_toolarge (lua_State *L, int arg, unsigned long long n) {
  lua_pushfstring(L, "table of at most %d elements", (int)PFD_MAXFIELDS);
  const char *what = lua_tostring(L, -1);
  return luaL_argerror(L, arg, pfd_expect_number(L, what, (lua_Integer)n));
}


/* push a table with room for a list; the allocation may run finalizers */
static void newlist (lua_State *L, int arg, unsigned long long n) {
  if (n > PFD_MAXFIELDS)
    pfd_copy_toolarge(L, arg, n);
  lua_createtable(L, (int)n, 0);
}


/* assumes a table, and an empty one with room for 'n' of its fields, on top */
static int fits (lua_State *L, size_t n) {
  lua_pushvalue(L, -2);
  size_t now = pfd_copy_count(L);
  lua_pop(L, 1);
  return now <= n;
}


/*
** Push the keys and values of the table on top, as a list. From the last
** count on, nothing allocates: the list has room for all.
*/
static void pushfields (lua_State *L, int arg) {
  int table = lua_gettop(L);
  for (int tries = 0; tries < TRIES; tries++) {
    size_t n = pfd_copy_count(L);
    newlist(L, arg, 2ULL * n);
    if (!fits(L, n)) {
      lua_pop(L, 1);
      continue;
    }
    lua_Integer i = 0;
    for (lua_pushnil(L); lua_next(L, table);) {
      lua_rawseti(L, -3, i + 2); /* list, key */
      lua_pushvalue(L, -1);
      lua_rawseti(L, -3, i + 1);
      i += 2;
    }
    return;
  }
  luaL_argerror(L, arg, GROWS);
}


/*
** The copy has as much room for a list as the table has, so that a list with
** a few holes has the same length in both. One with many is no list.
*/
void pfd_copy_table (lua_State *L, int arg) {
  unsigned long long n = lua_rawlen(L, -1); /* it may have holes */
  pushfields(L, arg);
  unsigned long long room = lua_rawlen(L, -1);
  newlist(L, arg, (n < room) ? n : room); /* table, fields, copy */
  for (lua_Integer i = 1; lua_rawgeti(L, -2, i) != LUA_TNIL; i += 2) {
    lua_rawgeti(L, -3, i + 1);
    lua_rawset(L, -3);
  }
  lua_pop(L, 1); /* nil */
  lua_replace(L, -3);
  lua_pop(L, 1);
}


size_t pfd_copy_list (lua_State *L, int arg) {
  for (int tries = 0; tries < TRIES; tries++) {
    unsigned long long n = lua_rawlen(L, arg);
    newlist(L, arg, n);
    if (lua_rawlen(L, arg) <= n) {
      n = lua_rawlen(L, arg);
      for (lua_Integer i = 1; i <= (lua_Integer)n; i++) {
        lua_rawgeti(L, arg, i);
        lua_rawseti(L, -2, i);
      }
      return (size_t)n;
    }
    lua_pop(L, 1);
  }
  return (size_t)luaL_argerror(L, arg, GROWS);
}
