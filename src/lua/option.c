#include "option.h"

#include <limits.h>
#include <string.h>

#include "../compat.h"

#include "borrow.h"
#include "constants.h"
#include "copy.h"
#include "expect.h"


int pfd_option_bad (lua_State *L, const char *key, const char *reason) {
  return luaL_argerror(L, PFD_OPTIONS,
                       lua_pushfstring(L, "%s: %s", key, reason));
}


void pfd_option_wanttype (lua_State *L, const char *key, int type) {
  if (lua_type(L, -1) != type)
    pfd_option_bad(L, key,
                   lua_pushfstring(L, "%s expected, got %s",
                                   lua_typename(L, type),
                                   luaL_typename(L, -1)));
}


/* raise about the value on top */
void pfd_option_expected (lua_State *L, const char *key, const char *what) {
  pfd_option_bad(L, key, pfd_expect(L, what, lua_gettop(L)));
}


/* a method of an object to borrow may change the options meanwhile */
void pfd_option_keep (lua_State *L) {
  lua_rawseti(L, PFD_KEPT, (lua_Integer)lua_rawlen(L, PFD_KEPT) + 1);
}


/* the length of a list with holes may not fit into a size_t */
void *pfd_option_array (lua_State *L, unsigned long long n, size_t size) {
  if (n > PFD_MAXFIELDS)
    pfd_copy_toolarge(L, PFD_OPTIONS, n);
  size_t room = ((size_t)n + 1) * size;
  void *array = lua_newuserdatauv(L, room, 0);
  memset(array, 0, room);
  pfd_option_keep(L);
  return array;
}


const char *pfd_option_string (lua_State *L, const char *key) {
  size_t length;
  pfd_option_wanttype(L, key, LUA_TSTRING);
  const char *s = lua_tolstring(L, -1, &length);
  if (strlen(s) != length)
    pfd_option_expected(L, key, PFD_NOZEROS);
  pfd_option_keep(L);
  return s;
}


lua_Integer pfd_option_integer (lua_State *L, const char *key, lua_Integer lo,
                                lua_Integer hi) {
  int isinteger;
  pfd_option_wanttype(L, key, LUA_TNUMBER);
  lua_Integer n = pfd_compat_integer(L, -1, &isinteger);
  if (!isinteger || n < lo || n > hi) {
    int value = lua_gettop(L);
    const char *what = pfd_expect_range(L, lo, hi);
    pfd_option_bad(L, key, pfd_expect(L, what, value));
  }
  lua_pop(L, 1);
  return n;
}


int pfd_option_boolean (lua_State *L, const char *key) {
  pfd_option_wanttype(L, key, LUA_TBOOLEAN);
  int b = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return b;
}


int pfd_option_signal (lua_State *L, const char *key) {
  if (lua_type(L, -1) != LUA_TSTRING)
    return (int)pfd_option_integer(L, key, 0, INT_MAX);
  const char *name = pfd_option_string(L, key);
  int sig = pfd_constants_findsignal(name);
  if (sig < 0) {
    lua_pushstring(L, name);
    pfd_option_expected(L, key, PFD_SIGNALNAME);
  }
  return sig;
}


/* what is borrowed is looked at again before the launch, see 'check' */
int pfd_option_descriptor (lua_State *L, const char *key, Borrowed *b) {
  const char *reason;
  int fd = pfd_borrow_try(L, &reason);
  if (fd < 0)
    pfd_option_bad(L, key, reason);
  pfd_option_keep(L);
  *b = (Borrowed){.fd = fd, .name = key};
  b->at = (lua_Integer)lua_rawlen(L, PFD_KEPT);
  return fd;
}


/* a table is copied before it is read, so that its fields can be counted */
size_t pfd_option_table (lua_State *L, const char *key) {
  pfd_option_wanttype(L, key, LUA_TTABLE);
  pfd_copy_table(L, PFD_OPTIONS);
  return pfd_copy_count(L);
}


int pfd_option_word (lua_State *L, const char *key, const char *const *words) {
  const char *word = pfd_option_string(L, key);
  int i = 0;
  while (words[i] != NULL && strcmp(word, words[i]) != 0)
    i++;
  if (words[i] == NULL) {
    const char *what = pfd_expect_names(L, words, sizeof(*words));
    lua_pushstring(L, word);
    pfd_option_expected(L, key, what);
  }
  return i;
}
