/*
** Lua 5.4's C interface for Lua 5.1, 5.2, 5.3, 5.5 and LuaJIT. The files
** below include this instead of Lua's own headers, and read as if there
** were one Lua. Nothing else asks for a version: this header and its body,
** compat.c, do.
**
** Macros give the names of Lua 5.4 to what a version lacks, or does in
** another way. Files of the io library, the main thread, a full collection,
** and the integer at an index have functions of their own, for all versions.
*/

#ifndef pfd_compat_h
#define pfd_compat_h

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

#if LUA_VERSION_NUM < 501 || LUA_VERSION_NUM > 505
#error "this needs the headers of Lua 5.1, 5.2, 5.3, 5.4, 5.5 or LuaJIT"
#endif

#pragma GCC visibility push(hidden)


/*
** The thread in which programs like lua.c run, and in which handlers set
** their hooks. In Lua 5.1 it is known if it has loaded the module; if it is
** not known, this is 'L'.
*/
lua_State *pfd_compat_mainthread (lua_State *L);

/*
** A full collection, if the collector is not stopped; not 0 if it is, or if it
** runs this as a finalizer. Lua 5.1 does not tell, and a collection would start
** it again. It gets garbage instead, which makes it go on if it is not stopped,
** and for which it needs memory.
*/
int pfd_compat_collect (lua_State *L);

/*
** Push a file of the io library, closed. Returns 0, or -errno and pushes
** nothing. Lua 5.1 and LuaJIT do not agree on how a file is made, so io.open
** makes it: that needs a spare descriptor, and may run Lua code.
*/
int pfd_compat_newfile (lua_State *L);

/* the closed file on top owns 'f' from now on */
void pfd_compat_setfile (lua_State *L, FILE *f);

/* is the value at 'arg' a file? then also tell what it owns, NULL if closed */
int pfd_compat_isfile (lua_State *L, int arg, FILE **f);


/*
** {=====================================================================
** before Lua 5.4
** ======================================================================
*/
#if LUA_VERSION_NUM < 504

#define lua_newuserdatauv(L, size, n) ((void)(n), lua_newuserdata(L, size))
#define luaL_pushfail(L) lua_pushnil(L)

#define luaL_typeerror pfd_compat_typeerror
int pfd_compat_typeerror (lua_State *L, int arg, const char *name);

#endif
/* }=================================================================== */


/*
** {=====================================================================
** before Lua 5.4: lua_gc has one more argument, and before Lua 5.2 a full
** collection starts a collector that was stopped, which LuaJIT can tell.
** ======================================================================
*/
#if LUA_VERSION_NUM < 502

#define lua_gc(L, what) pfd_compat_gc(L, what)
int pfd_compat_gc (lua_State *L, int what);

#elif LUA_VERSION_NUM < 504

#define lua_gc(L, what) lua_gc(L, what, 0)

#endif
/* }=================================================================== */


/*
** {=====================================================================
** before Lua 5.3: numbers are doubles, and conversion never fails. Here an
** integer is what a double surely stands for: up to 2^53 - 1, because 2^53
** is what 2^53 + 1 becomes. It has 64 bits whatever 'ptrdiff_t' has.
** ======================================================================
*/
#if LUA_VERSION_NUM < 503

#define lua_Integer long long
#define LUAI_UACINT long long

/* only for what is known to be an integer: otherwise the cast is undefined */
#undef lua_tointeger
#define lua_tointeger(L, index) ((lua_Integer)lua_tonumber(L, index))

#define lua_pushinteger(L, n) lua_pushnumber(L, (lua_Number)(n))

/* with "%I" */
#define lua_pushfstring pfd_compat_pushfstring
const char *pfd_compat_pushfstring (lua_State *L, const char *format, ...)
  __attribute__((nonnull(2)));

#define luaL_error pfd_compat_error
int pfd_compat_error (lua_State *L, const char *format, ...);

/* these return the type of what they push */
#define lua_getfield pfd_compat_getfield
int pfd_compat_getfield (lua_State *L, int index, const char *key);

#define lua_rawget pfd_compat_rawget
int pfd_compat_rawget (lua_State *L, int index);

#define lua_rawgeti pfd_compat_rawgeti
int pfd_compat_rawgeti (lua_State *L, int index, long long i);

#define lua_rawseti pfd_compat_rawseti
void pfd_compat_rawseti (lua_State *L, int index, long long i);

/* with a field "__name" */
#define luaL_newmetatable pfd_compat_newmetatable
int pfd_compat_newmetatable (lua_State *L, const char *name);

#endif
/* }=================================================================== */


/* like lua_tointegerx, but a string such as "42" is no integer */
lua_Integer pfd_compat_integer (lua_State *L, int index, int *isinteger);


/*
** {=====================================================================
** before Lua 5.2
** ======================================================================
*/
#if LUA_VERSION_NUM < 502

#if !defined(LUA_OK)
#define LUA_OK 0
#endif

#if !defined(LUAMOD_API)
#define LUAMOD_API LUALIB_API
#endif

#undef lua_pushliteral
#define lua_pushliteral(L, s) lua_pushfstring(L, "%s", "" s)

#undef lua_rawlen
#define lua_rawlen(L, index) lua_objlen(L, index)

#define luaL_tolstring pfd_compat_tolstring
const char *pfd_compat_tolstring (lua_State *L, int index, size_t *length);

#define luaL_setfuncs pfd_compat_setfuncs
void pfd_compat_setfuncs (lua_State *L, const luaL_Reg *list, int n);

#undef luaL_newlib
#define luaL_newlib(L, list) (lua_newtable(L), luaL_setfuncs(L, list, 0))

/* this keeps what can be found while the module is loaded only */
#define luaL_checkversion pfd_compat_load
void pfd_compat_load (lua_State *L);

#endif
/* }=================================================================== */


#pragma GCC visibility pop

#endif
