#include "expect.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "../compat.h"

/* so many bytes of a string are shown */
#define SHOWN 40


/* how much of it is shown: all, or less, and then only whole UTF-8 sequences */
static size_t findend (const char *s, size_t length) {
  if (length <= SHOWN)
    return length;
  size_t end = SHOWN;
  while (end > SHOWN - 3 && ((unsigned char)s[end] & 0xC0) == 0x80)
    end--;
  return (((unsigned char)s[end] & 0xC0) == 0x80) ? SHOWN : end;
}


/*
** Write one byte as in a Lua string. A control character before a digit needs
** three digits: '\0001' is a zero byte and '1'. 'next' is the byte after it.
*/
static size_t quote (char *text, size_t size, unsigned char c, char next) {
  if (c < ' ' || c == 127)
    return (size_t)snprintf(text, size, "\\%0*d",
                            isdigit((unsigned char)next) ? 3 : 1, c);
  int isescaped = c == '\'' || c == '\\';
  return (size_t)snprintf(text, size, isescaped ? "\\%c" : "%c", c);
}


/* what would not be seen is written as in Lua: '\0' */
static void pushquoted (lua_State *L, const char *s, size_t length) {
  char text[4 * SHOWN + 1] = "";
  size_t shown = findend(s, length);
  for (size_t i = 0, n = 0; i < shown; i++) {
    unsigned char c = (unsigned char)s[i]; /* a zero follows the last one */
    n += quote(text + n, sizeof(text) - n, c, s[i + 1]);
  }
  lua_pushfstring(L, "'%s'%s", text, (length > shown) ? "..." : "");
}


/* the sign of what is no number means nothing */
static void pushnumber (lua_State *L, int index) {
  lua_Number n = lua_tonumber(L, index);
  if (n != n)
    lua_pushliteral(L, "nan");
  else {
    lua_pushvalue(L, index);
    (void)lua_tolstring(L, -1, NULL);
  }
}


static const char *pushvalue (lua_State *L, int index) {
  size_t length;
  int type = lua_type(L, index);
  if (type == LUA_TSTRING) {
    const char *s = lua_tolstring(L, index, &length);
    pushquoted(L, s, length);
  }
  else if (type == LUA_TNUMBER)
    pushnumber(L, index);
  else if (type == LUA_TBOOLEAN)
    lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
  else
    lua_pushstring(L, luaL_typename(L, index));
  return lua_tostring(L, -1);
}


const char *pfd_expect (lua_State *L, const char *what, int index) {
  const char *got = pushvalue(L, index);
  return lua_pushfstring(L, "%s expected, got %s", what, got);
}


const char *pfd_expect_number (lua_State *L, const char *what, lua_Integer n) {
  lua_pushinteger(L, n);
  return pfd_expect(L, what, lua_gettop(L));
}


int pfd_expect_arg (lua_State *L, int arg, const char *what) {
  return luaL_argerror(L, arg, pfd_expect(L, what, arg));
}


const char *pfd_expect_range (lua_State *L, lua_Integer lo, lua_Integer hi) {
  if (hi == LLONG_MAX)
    return lua_pushfstring(L, "integer from %I up", (LUAI_UACINT)lo);
  return lua_pushfstring(L, "integer from %I to %I", (LUAI_UACINT)lo,
                         (LUAI_UACINT)hi);
}


static const char *getname (const void *list, size_t size, size_t i) {
  const char *name;
  memcpy(&name, (const char *)list + i * size, sizeof(name));
  return name;
}


const char *pfd_expect_names (lua_State *L, const void *list, size_t size) {
  const char *text = lua_pushfstring(L, "'%s'", getname(list, size, 0));
  const char *name = getname(list, size, 1);
  for (size_t i = 2; name != NULL; i++) {
    const char *next = getname(list, size, i);
    const char *between = (next != NULL) ? ", " : " or ";
    text = lua_pushfstring(L, "%s%s'%s'", text, between, name);
    lua_replace(L, -2);
    name = next;
  }
  return text;
}


int pfd_expect_isname (lua_State *L, int index, const void *list, size_t size) {
  if (lua_type(L, index) != LUA_TSTRING)
    return 0;
  size_t length;
  const char *s = lua_tolstring(L, index, &length);
  const char *name;
  for (size_t i = 0; (name = getname(list, size, i)) != NULL; i++)
    if (strcmp(name, s) == 0)
      return strlen(s) == length;
  return 0;
}
