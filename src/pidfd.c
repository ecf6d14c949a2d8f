/*
** pidfd: the processes of Linux, held by descriptor instead of by number.
** This file is the table of contents: each function stands in a file of
** its own or its family's name, see calls.h.
*/

#include "compat.h"

#include "api/calls.h"
#include "lua/constants.h"
#include "lua/handle.h"
#include "version.h"


/* clang-format off */
static const luaL_Reg functions[] = {
  {"open", pfd_l_open},
  {"self", pfd_l_self},
  {"adopt", pfd_l_adopt},
  {"getfd", pfd_l_getfd},
  {"spawn", pfd_l_spawn},
  {"run", pfd_l_run},
  {"type", pfd_l_type},
  {"poll", pfd_l_poll_list},
  {"peer", pfd_l_peer},
  {"send", pfd_l_send},
  {"receive", pfd_l_receive},
  {"passpidfd", pfd_l_passpidfd},
  {"from_token", pfd_l_from_token},
  {"supports", pfd_l_supports},
  {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
  {"__gc", pfd_l_gc},
  {"__close", pfd_l_gc},
  {"__tostring", pfd_l_tostring},
  {NULL, NULL},
};

static const luaL_Reg pidfdmetamethods[] = {
  {"__eq", pfd_l_eq},
  {NULL, NULL},
};

/* methods of both types */
static const luaL_Reg owning[] = {
  {"close", pfd_l_close},
  {"release", pfd_l_release},
  {"fileno", pfd_l_fileno},
  {"dup", pfd_l_dup},
  {"getfd", pfd_l_getfd_or_fileno},
  {"pollfd", pfd_l_pollfd},
  {"events", pfd_l_events},
  {"timeout", pfd_l_timeout},
  {"dirty", pfd_l_dirty},
  {NULL, NULL},
};

static const luaL_Reg pidfdmethods[] = {
  {"pid", pfd_l_pid},
  {"info", pfd_l_info},
  {"id", pfd_l_id},
  {"token", pfd_l_token},
  {"fds", pfd_l_fds},
  {"proc", pfd_l_proc},
  {"link", pfd_l_link},
  {"list", pfd_l_list},
  {"children", pfd_l_children},
  {"namespace", pfd_l_namespace},
  {"setns", pfd_l_setns},
  {"mrelease", pfd_l_mrelease},
  {"madvise", pfd_l_madvise},
  {"send_signal", pfd_l_send_signal},
  {"poll", pfd_l_poll},
  {"wait", pfd_l_wait},
  {"receive", pfd_l_receive_end},
  {"waitid", pfd_l_waitid},
  {"terminate", pfd_l_terminate},
  {NULL, NULL},
};

static const luaL_Reg fdmethods[] = {
  {"file", pfd_l_file},
  {"nonblock", pfd_l_nonblock},
  {"read", pfd_l_read},
  {"write", pfd_l_write},
  {"lines", pfd_l_lines},
  {NULL, NULL},
};
/* clang-format on */


/* all functions have the same upvalues, see handle.h */
static void setfunctions (lua_State *L, const luaL_Reg *list) {
  pfd_handle_pushupvalues(L);
  luaL_setfuncs(L, list, PFD_NUPVALUES);
}


/* fill the metatable on top, and pop it */
static void settype (lua_State *L, const luaL_Reg *methods,
                     const luaL_Reg *more) {
  setfunctions(L, metamethods);
  setfunctions(L, more);
  lua_newtable(L);
  setfunctions(L, owning);
  setfunctions(L, methods);
  lua_setfield(L, -2, "__index"); /* metatable.__index = methods */
  lua_pop(L, 1);
}


/* the module may be loaded many times: then the metatables are there already */
static void newtypes (lua_State *L) {
  static const luaL_Reg none[] = {{NULL, NULL}};
  pfd_handle_pushupvalues(L); /* pidfd, fd, census */
  lua_pop(L, 1);
  settype(L, fdmethods, none);
  settype(L, pidfdmethods, pidfdmetamethods);
}


#pragma GCC visibility push(default)
LUAMOD_API int luaopen_pidfd (lua_State *L);
#pragma GCC visibility pop


LUAMOD_API int luaopen_pidfd (lua_State *L) {
  luaL_checkversion(L);
  newtypes(L);
  lua_newtable(L);
  setfunctions(L, functions);
  lua_pushliteral(L, "pidfd " PFD_VERSION);
  lua_setfield(L, -2, "_VERSION");
  pfd_constants_flags(L);
  lua_setfield(L, -2, "flags");
  pfd_constants_errno(L);
  lua_setfield(L, -2, "errno");
  pfd_constants_signal(L);
  lua_setfield(L, -2, "signal");
  return 1;
}
