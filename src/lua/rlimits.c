#include "rlimits.h"

#include <string.h>
#include <sys/resource.h>

#include "../compat.h"

#include "expect.h"
#include "option.h"

/* the limits of setrlimit(2); some C libraries do not name all of them */
typedef struct Resource {
  const char *name;
  int number;
} Resource;

/* clang-format off */
static const Resource resources[] = {
  {"as", RLIMIT_AS},
  {"core", RLIMIT_CORE},
  {"cpu", RLIMIT_CPU},
  {"data", RLIMIT_DATA},
  {"fsize", RLIMIT_FSIZE},
  {"locks", RLIMIT_LOCKS},
  {"memlock", RLIMIT_MEMLOCK},
  {"msgqueue", RLIMIT_MSGQUEUE},
  {"nice", RLIMIT_NICE},
  {"nofile", RLIMIT_NOFILE},
  {"nproc", RLIMIT_NPROC},
  {"rss", RLIMIT_RSS},
  {"rtprio", RLIMIT_RTPRIO},
  {"rttime", RLIMIT_RTTIME},
  {"sigpending", RLIMIT_SIGPENDING},
  {"stack", RLIMIT_STACK},
  {NULL, 0},
};
/* clang-format on */

#define PFD_NRESOURCES (sizeof(resources) / sizeof(*resources))

#define LIMITVALUE "integer from 0 to 2^63 - 1 or 'unlimited'"

/*
** The number on top: 64 bits, also where Lua's integers have less. An integer
** is not compared as a float: 2^63 - 1 would become 2^63.
*/
static int readnumber (lua_State *L, unsigned long long *limit) {
  int isinteger;
  lua_Integer i = pfd_compat_integer(L, -1, &isinteger);
  if (isinteger) {
    *limit = (unsigned long long)i;
    return i >= 0;
  }
  lua_Number n = lua_tonumber(L, -1);
  if (!(n >= 0 && n < 0x1p63)) /* NaN fails it, too */
    return 0;
  *limit = (unsigned long long)n;
  return (lua_Number)*limit == n;
}


static unsigned long long tolimit (lua_State *L, const char *key) {
  if (lua_type(L, -1) == LUA_TSTRING) {
    const char *word = pfd_option_string(L, key);
    if (strcmp(word, "unlimited") != 0) {
      lua_pushstring(L, word);
      pfd_option_expected(L, key, LIMITVALUE);
    }
    return PFD_UNLIMITED;
  }
  unsigned long long limit = 0;
  if (lua_type(L, -1) != LUA_TNUMBER || !readnumber(L, &limit))
    pfd_option_expected(L, key, LIMITVALUE);
  lua_pop(L, 1);
  return limit;
}


/* soft and hard limit, or one number for both */
static void readlimit (lua_State *L, const char *key, Limit *limit) {
  if (lua_type(L, -1) != LUA_TTABLE) {
    limit->soft = limit->hard = tolimit(L, key);
    return;
  }
  if (pfd_option_table(L, key) != 2 || lua_rawlen(L, -1) != 2)
    pfd_option_bad(L, key, "{soft, hard} expected, got another table");
  lua_rawgeti(L, -1, 1);
  limit->soft = tolimit(L, key);
  lua_rawgeti(L, -1, 2);
  limit->hard = tolimit(L, key);
  lua_pop(L, 1);
}


/* assumes the table on top, in which some name is no limit's */
static void badlimit (lua_State *L, const char *key) {
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    if (pfd_expect_isname(L, -2, resources, sizeof(*resources)))
      continue;
    const char *what = pfd_expect_names(L, resources, sizeof(*resources));
    lua_pushvalue(L, -3); /* name, limit, what */
    pfd_option_expected(L, key, what);
  }
}


/* each name is looked for, so that the order is always the same */
void pfd_rlimits_read (lua_State *L, Launch *launch, const char *key) {
  size_t n = pfd_option_table(L, key), found = 0;
  Limit *limits = (Limit *)pfd_option_array(L, PFD_NRESOURCES, sizeof(Limit));
  for (const Resource *r = resources; r->name != NULL; r++) {
    lua_pushstring(L, r->name);
    if (lua_rawget(L, -2) == LUA_TNIL) {
      lua_pop(L, 1);
      continue;
    }
    const char *path = lua_pushfstring(L, "%s.%s", key, r->name);
    lua_insert(L, -2);
    limits[found] = (Limit){.resource = r->number, .name = r->name};
    readlimit(L, path, &limits[found++]);
    lua_pop(L, 1);
  }
  if (found < n)
    badlimit(L, key);
  lua_pop(L, 1);
  launch->limits = limits;
  launch->nlimits = found;
}
