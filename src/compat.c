#define _GNU_SOURCE /* dladdr */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "compat.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <string.h>


/* with Lua's own functions, which are hidden behind macros elsewhere */
#if LUA_VERSION_NUM < 502
#undef lua_gc
#endif
#undef lua_getfield
#undef lua_rawget
#undef lua_rawgeti
#undef lua_rawseti
#undef luaL_newmetatable


/*
** {=====================================================================
** before Lua 5.4
** ======================================================================
*/
#if LUA_VERSION_NUM < 504

/* assumes there is room for a value, as luaL_argerror does */
int pfd_compat_typeerror (lua_State *L, int arg, const char *name) {
  const char *got = luaL_typename(L, arg);
  if (luaL_getmetafield(L, arg, "__name") && lua_type(L, -1) == LUA_TSTRING)
    got = lua_tostring(L, -1);
  else if (lua_type(L, arg) == LUA_TLIGHTUSERDATA)
    got = "light userdata";
  return luaL_argerror(L, arg,
                       lua_pushfstring(L, "%s expected, got %s", name, got));
}

#endif
/* }=================================================================== */


/*
** {=====================================================================
** the collector
** ======================================================================
*/
#if LUA_VERSION_NUM < 502

#define ISRUNNING 9 /* LuaJIT's; Lua 5.1 answers -1 */

#define MOSTGARBAGE 8192 /* kilobytes */


int pfd_compat_gc (lua_State *L, int what) {
  int stopped = (what == LUA_GCCOLLECT && lua_gc(L, ISRUNNING, 0) == 0);
  int rc = lua_gc(L, what, 0);
  if (stopped)
    (void)lua_gc(L, LUA_GCSTOP, 0);
  return rc;
}


/*
** One block that puts a running collector in debt, which it pays off each time
** that memory is wanted: in steps of two kilobytes, if nobody has changed that.
*/
static void litter (lua_State *L) {
  int kilobytes = lua_gc(L, LUA_GCCOUNT, 0);
  if (kilobytes > MOSTGARBAGE)
    kilobytes = MOSTGARBAGE;
  for (int i = 0; i < kilobytes; i++) {
    (void)lua_newuserdata(L, (i == 0) ? (size_t)kilobytes * 1024 : 0);
    lua_pop(L, 1);
  }
}


int pfd_compat_collect (lua_State *L) {
  int running = lua_gc(L, ISRUNNING, 0);
  if (running < 0)
    litter(L);
  return (running > 0) ? lua_gc(L, LUA_GCCOLLECT, 0) : running == 0;
}

#else

int pfd_compat_collect (lua_State *L) {
  return !lua_gc(L, LUA_GCISRUNNING) || lua_gc(L, LUA_GCCOLLECT) != 0;
}

#endif
/* }=================================================================== */


/*
** {=====================================================================
** before Lua 5.3
** ======================================================================
*/
#if LUA_VERSION_NUM < 503

#define MAXEXACT 9007199254740991.0 /* 2^53 - 1 */


/* NaN fails both comparisons */
lua_Integer pfd_compat_integer (lua_State *L, int index, int *isinteger) {
  int isnumber = (lua_type(L, index) == LUA_TNUMBER);
  lua_Number n = isnumber ? lua_tonumber(L, index) : 0.5;
  int exact = n >= -MAXEXACT && n <= MAXEXACT;
  *isinteger = exact && (lua_Number)(lua_Integer)n == n;
  return *isinteger ? (lua_Integer)n : 0;
}


/* push what stands at the conversion 'c' */
static void pushargument (lua_State *L, char c, va_list *arguments) {
  char text[24];
  if (c == 's') {
    const char *s = va_arg(*arguments, const char *);
    lua_pushstring(L, (s != NULL) ? s : "(null)");
    return;
  }
  if (c == 'd')
    (void)snprintf(text, sizeof(text), "%d", va_arg(*arguments, int));
  else if (c == 'I')
    (void)snprintf(text, sizeof(text), "%lld", va_arg(*arguments, long long));
  else /* "%%" */
    (void)snprintf(text, sizeof(text), "%c", c);
  lua_pushstring(L, text);
}


/* the conversions that this module uses: %s, %d, %I and %% */
static const char *pushformat (lua_State *L, const char *format,
                               va_list *arguments) {
  lua_pushlstring(L, "", 0);
  for (;;) {
    size_t plain = strcspn(format, "%");
    lua_pushlstring(L, format, plain);
    lua_concat(L, 2);
    format += plain;
    if (format[0] == '\0' || format[1] == '\0')
      return lua_tostring(L, -1);
    pushargument(L, format[1], arguments);
    lua_concat(L, 2);
    format += 2;
  }
}


const char *pfd_compat_pushfstring (lua_State *L, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const char *s = pushformat(L, format, &arguments);
  va_end(arguments);
  return s;
}


int pfd_compat_error (lua_State *L, const char *format, ...) {
  va_list arguments;
  luaL_where(L, 1);
  va_start(arguments, format);
  (void)pushformat(L, format, &arguments);
  va_end(arguments);
  lua_concat(L, 2);
  return lua_error(L);
}


int pfd_compat_getfield (lua_State *L, int index, const char *key) {
  lua_getfield(L, index, key);
  return lua_type(L, -1);
}


int pfd_compat_rawget (lua_State *L, int index) {
  lua_rawget(L, index);
  return lua_type(L, -1);
}


/* lists are never as long as an 'int' can tell */
int pfd_compat_rawgeti (lua_State *L, int index, long long i) {
  lua_rawgeti(L, index, (int)i);
  return lua_type(L, -1);
}


void pfd_compat_rawseti (lua_State *L, int index, long long i) {
  lua_rawseti(L, index, (int)i);
}


int pfd_compat_newmetatable (lua_State *L, const char *name) {
  int isnew = luaL_newmetatable(L, name);
  if (isnew) {
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
  }
  return isnew;
}

#else

lua_Integer pfd_compat_integer (lua_State *L, int index, int *isinteger) {
  *isinteger = 0;
  return (lua_type(L, index) == LUA_TNUMBER)
           ? lua_tointegerx(L, index, isinteger)
           : 0;
}

#endif
/* }=================================================================== */


/*
** {=====================================================================
** before Lua 5.2
** ======================================================================
*/
#if LUA_VERSION_NUM < 502

/* addresses that are keys of the registry */
static char mainthread, ioopen;


/* push what the registry has for that key */
static void getkept (lua_State *L, const char *key) {
  lua_pushlightuserdata(L, (void *)(size_t)key);
  lua_rawget(L, LUA_REGISTRYINDEX);
}


/* pop a value, and keep it unless it is nil or there is one already */
static void keep (lua_State *L, const char *key) {
  getkept(L, key);
  int isnew = lua_isnil(L, -1) && !lua_isnil(L, -2);
  lua_pop(L, 1);
  lua_pushlightuserdata(L, (void *)(size_t)key);
  lua_insert(L, -2); /* key, value */
  if (isnew)
    lua_rawset(L, LUA_REGISTRYINDEX);
  else
    lua_pop(L, 2);
}


/* push io.open as it is now, or nil */
static void pushopen (lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
  lua_getfield(L, -1, LUA_IOLIBNAME); /* loaded, io */
  lua_remove(L, -2);
  if (lua_istable(L, -1)) {
    lua_getfield(L, -1, "open");
    lua_remove(L, -2);
  }
}


/*
** When a state of LuaJIT is closed, it unloads the module, and then calls the
** finalizers of what finalizers have made. So the module stays.
*/
static void stayloaded (void) {
  Dl_info about;
  if (dladdr(&mainthread, &about) == 0)
    return;
  void *library =
    dlopen(about.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
  if (library != NULL)
    (void)dlclose(library);
}


/* the main thread, if it is this one; and io.open, which may be replaced */
void pfd_compat_load (lua_State *L) {
  stayloaded();
  if (lua_pushthread(L))
    keep(L, &mainthread);
  else
    lua_pop(L, 1);
  pushopen(L);
  keep(L, &ioopen);
}


const char *pfd_compat_tolstring (lua_State *L, int index, size_t *length) {
  if (!luaL_callmeta(L, index, "__tostring")) {
    int type = lua_type(L, index);
    if (type == LUA_TSTRING || type == LUA_TNUMBER)
      lua_pushvalue(L, index);
    else if (type == LUA_TBOOLEAN)
      lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
    else
      lua_pushstring(L, luaL_typename(L, index));
  }
  return lua_tolstring(L, -1, length);
}


/* assumes the table and 'n' upvalues on top, and pops these */
void pfd_compat_setfuncs (lua_State *L, const luaL_Reg *list, int n) {
  for (; list->name != NULL; list++) {
    for (int i = 0; i < n; i++)
      lua_pushvalue(L, -n);
    lua_pushcclosure(L, list->func, n);
    lua_setfield(L, -(n + 2), list->name);
  }
  lua_pop(L, n);
}


lua_State *pfd_compat_mainthread (lua_State *L) {
  getkept(L, &mainthread);
  lua_State *main = lua_tothread(L, -1);
  lua_pop(L, 1);
  return (main != NULL) ? main : L;
}

#else

lua_State *pfd_compat_mainthread (lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  lua_State *main = lua_tothread(L, -1);
  lua_pop(L, 1);
  return main;
}

#endif
/* }=================================================================== */


/*
** {=====================================================================
** files of the io library
** ======================================================================
*/

static int isfile (lua_State *L, int arg) {
  if (lua_type(L, arg) != LUA_TUSERDATA || !lua_getmetatable(L, arg))
    return 0;
  luaL_getmetatable(L, LUA_FILEHANDLE);
  int same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}


#if LUA_VERSION_NUM < 502

/* the file begins with this in Lua 5.1 and in LuaJIT; NULL if it is closed */
static FILE **place (lua_State *L, int arg) {
  return (FILE **)lua_touserdata(L, arg);
}


int pfd_compat_isfile (lua_State *L, int arg, FILE **f) {
  int yes = isfile(L, arg);
  *f = yes ? *place(L, arg) : NULL;
  return yes;
}


/* what io.open has returned, three values: 0 if it is an open file */
static int checkopened (lua_State *L) {
  FILE *f;
  int code = (int)lua_tonumber(L, -1);
  if (lua_isnil(L, -3) && code > 0)
    return -code;
  if (!pfd_compat_isfile(L, lua_gettop(L) - 2, &f) || f == NULL)
    return luaL_error(L, "io.open is not the io library's");
  return 0;
}


/* a directory can be opened, and "/" is always there */
int pfd_compat_newfile (lua_State *L) {
  getkept(L, &ioopen);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    pushopen(L);
  }
  if (lua_isnil(L, -1))
    luaL_error(L, "the io library is not loaded");
  lua_pushliteral(L, "/");
  lua_call(L, 1, 3);
  int rc = checkopened(L);
  lua_pop(L, (rc < 0) ? 3 : 2);
  if (rc == 0) {
    FILE *f = *place(L, -1);
    *place(L, -1) = NULL; /* closed: what is NULL is not closed again */
    (void)fclose(f);
  }
  return rc;
}


void pfd_compat_setfile (lua_State *L, FILE *f) {
  *place(L, -1) = f;
}

#else

int pfd_compat_isfile (lua_State *L, int arg, FILE **f) {
  int yes = isfile(L, arg);
  const luaL_Stream *stream = (const luaL_Stream *)lua_touserdata(L, arg);
  *f = (yes && stream->closef != NULL) ? stream->f : NULL;
  return yes;
}


/* what the io library calls to close the file */
static int closefile (lua_State *L) {
  luaL_Stream *stream = (luaL_Stream *)luaL_checkudata(L, 1, LUA_FILEHANDLE);
  return luaL_fileresult(L, fclose(stream->f) == 0, NULL);
}


int pfd_compat_newfile (lua_State *L) {
  luaL_getmetatable(L, LUA_FILEHANDLE);
  if (lua_isnil(L, -1))
    luaL_error(L, "the io library is not loaded");
  luaL_Stream *stream =
    (luaL_Stream *)lua_newuserdatauv(L, sizeof(luaL_Stream), 0);
  stream->closef = NULL; /* closed */
  lua_insert(L, -2);     /* file, metatable */
  lua_setmetatable(L, -2);
  return 0;
}


void pfd_compat_setfile (lua_State *L, FILE *f) {
  luaL_Stream *stream = (luaL_Stream *)lua_touserdata(L, -1);
  stream->f = f;
  stream->closef = closefile;
}

#endif
/* }=================================================================== */
