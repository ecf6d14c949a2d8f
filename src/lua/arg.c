#include "arg.h"

#include <limits.h>
#include <string.h>

#include "../compat.h"

#include "../linux/nowait.h"
#include "block.h"
#include "constants.h"
#include "copy.h"
#include "expect.h"


static lua_Integer checkrange (lua_State *L, int arg, lua_Integer lo,
                               lua_Integer hi) {
  int isinteger;
  lua_Integer n = pfd_compat_integer(L, arg, &isinteger);
  if (isinteger && n >= lo && n <= hi)
    return n;
  luaL_checktype(L, arg, LUA_TNUMBER);
  pfd_expect_arg(L, arg, pfd_expect_range(L, lo, hi));
  return n;
}


pid_t pfd_arg_pid (lua_State *L, int arg) {
  return (pid_t)checkrange(L, arg, 1, INT_MAX);
}


unsigned int pfd_arg_options (lua_State *L, int arg) {
  return (unsigned int)checkrange(L, arg, 0, UINT_MAX);
}


unsigned int pfd_arg_flags (lua_State *L, int arg) {
  return pfd_arg_isabsent(L, arg) ? 0 : pfd_arg_options(L, arg);
}


int pfd_arg_int (lua_State *L, int arg) {
  return (int)checkrange(L, arg, INT_MIN, INT_MAX);
}


int pfd_arg_tofd (lua_State *L, int arg) {
  int isinteger;
  lua_Integer n = pfd_compat_integer(L, arg, &isinteger);
  return (isinteger && n >= 0 && n <= INT_MAX) ? (int)n : -1;
}


int pfd_arg_fd (lua_State *L, int arg) {
  return (int)checkrange(L, arg, 0, INT_MAX);
}


int pfd_arg_targetfd (lua_State *L, int arg) {
  int n = pfd_arg_tofd(L, arg);
  if (n >= 0)
    return n;
  int type = lua_type(L, arg);
  if (type == LUA_TUSERDATA || type == LUA_TTABLE)
    luaL_typeerror(L, arg, "number in the other process's descriptor table");
  return pfd_arg_fd(L, arg);
}


int pfd_arg_signal (lua_State *L, int arg) {
  int n = pfd_arg_tofd(L, arg);
  if (n >= 0)
    return n;
  if (lua_type(L, arg) != LUA_TSTRING)
    return (int)checkrange(L, arg, 0, INT_MAX);
  const char *name = pfd_arg_string(L, arg);
  int sig = pfd_constants_findsignal(name);
  if (sig < 0)
    pfd_expect_arg(L, arg, PFD_SIGNALNAME);
  return sig;
}


/*
** 68 years or more are for ever, as is 'math.huge'. The comparison is written
** so that NaN fails it.
*/
int pfd_arg_totime (lua_Number seconds, long long *time) {
  lua_Number nanoseconds = seconds * 1e9;
  int isforever = (nanoseconds >= INT_MAX * 1e9); /* 32 bits of seconds */
  if (!(nanoseconds >= 0))
    return 0;
  *time = isforever ? PFD_FOREVER : (long long)nanoseconds;
  return 1;
}


/* of a number */
static long long todeadline (lua_State *L, int arg) {
  long long time = 0;
  int istime = pfd_arg_totime(lua_tonumber(L, arg), &time);
  if (!istime)
    pfd_expect_arg(L, arg, PFD_SECONDS);
  return (time == PFD_FOREVER) ? PFD_FOREVER : pfd_block_deadline(time);
}


long long pfd_arg_seconds (lua_State *L, int arg) {
  luaL_checktype(L, arg, LUA_TNUMBER);
  return todeadline(L, arg);
}


long long pfd_arg_timeout (lua_State *L, int arg) {
  int type = lua_type(L, arg);
  if (type <= LUA_TNIL)
    return PFD_FOREVER;
  if (type != LUA_TNUMBER)
    luaL_checktype(L, arg, LUA_TNUMBER);
  return todeadline(L, arg);
}


size_t pfd_arg_size (lua_State *L, int arg) {
  lua_Integer n = checkrange(L, arg, 1, LLONG_MAX);
  lua_Integer most = (lua_Integer)PFD_MAXTRANSFER;
  return (size_t)((n < most) ? n : most);
}


int pfd_arg_boolean (lua_State *L, int arg) {
  luaL_checktype(L, arg, LUA_TBOOLEAN);
  return lua_toboolean(L, arg);
}


const char *pfd_arg_string (lua_State *L, int arg) {
  size_t length;
  luaL_checktype(L, arg, LUA_TSTRING);
  const char *s = lua_tolstring(L, arg, &length);
  if (strlen(s) != length)
    pfd_expect_arg(L, arg, PFD_NOZEROS);
  return s;
}


int pfd_arg_word (lua_State *L, int arg, const char *const *words) {
  const char *word = pfd_arg_string(L, arg);
  int i = 0;
  while (words[i] != NULL && strcmp(words[i], word) != 0)
    i++;
  if (words[i] == NULL)
    pfd_expect_arg(L, arg, pfd_expect_names(L, words, sizeof(*words)));
  return i;
}


/* a table with holes may have any length, and few elements */
size_t pfd_arg_length (lua_State *L, int arg) {
  luaL_checktype(L, arg, LUA_TTABLE);
  unsigned long long n = lua_rawlen(L, arg); /* wider than size_t on 32 bits */
  if (n > PFD_MAXFIELDS)
    pfd_copy_toolarge(L, arg, n);
  return (size_t)n;
}


void *pfd_arg_pointer (lua_State *L, int arg) {
  void *pointer = lua_islightuserdata(L, arg) ? lua_touserdata(L, arg) : NULL;
  if (pointer == NULL)
    luaL_argerror(L, arg, "a hook has taken it away");
  return pointer;
}


const char *pfd_arg_again (lua_State *L, int arg, size_t length) {
  size_t now;
  luaL_checktype(L, arg, LUA_TSTRING);
  const char *s = lua_tolstring(L, arg, &now);
  luaL_argcheck(L, now == length, arg, "a hook has changed its length");
  return s;
}


/* what io.open takes: [rwa]%+?b* */
const char *pfd_arg_mode (lua_State *L, int arg) {
  size_t length;
  const char *mode = luaL_optlstring(L, arg, "r", &length);
  const char *rest = mode + (*mode != '\0' && strchr("rwa", *mode) != NULL);
  int valid = (rest != mode);
  rest += (*rest == '+');
  valid = valid && rest + strspn(rest, "b") == mode + length;
  if (!valid)
    pfd_expect_arg(L, arg, "mode of io.open, such as 'r' or 'a+b',");
  return mode;
}
