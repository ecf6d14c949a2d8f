/*
** The floor: the smallest honest Lua binding of the calls that are measured.
** A userdata owns the descriptor and closes it once, arguments have a type,
** a failure is nil and a number; and that is all: no range is checked, no
** message made, nothing retried, no hook run. What the module costs beyond
** this is the price of what it promises. Written in the part of Lua's C
** interface that all versions share. See run.lua.
*/

#define _GNU_SOURCE /* ppoll */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../src/compat.h"

#define TYPE "floor"


static int fail (lua_State *L) {
  int err = errno;
  lua_pushnil(L);
  lua_pushinteger(L, err);
  return 2;
}


static int succeed (lua_State *L) {
  lua_pushboolean(L, 1);
  return 1;
}


static int *new (lua_State *L) {
  int *fd = (int *)lua_newuserdata(L, sizeof(int));
  *fd = -1;
  luaL_getmetatable(L, TYPE);
  lua_setmetatable(L, -2);
  return fd;
}


static int check (lua_State *L) {
  int fd = *(int *)luaL_checkudata(L, 1, TYPE);
  luaL_argcheck(L, fd >= 0, 1, "closed");
  return fd;
}


static int own (lua_State *L, int *fd, long rc) {
  if (rc < 0)
    return fail(L);
  *fd = (int)rc;
  return 1;
}


static int open_ (lua_State *L) {
  pid_t target = (pid_t)luaL_checkinteger(L, 1);
  int flags = (int)luaL_optinteger(L, 2, 0);
  int *fd = new (L);
  return own(L, fd, syscall(SYS_pidfd_open, target, flags));
}


static int self (lua_State *L) {
  int *fd = new (L);
  return own(L, fd, syscall(SYS_pidfd_open, getpid(), 0));
}


static int getfd (lua_State *L) {
  int p = check(L);
  int target = (int)luaL_checkinteger(L, 2);
  int flags = (int)luaL_optinteger(L, 3, 0);
  int *fd = new (L);
  return own(L, fd, syscall(SYS_pidfd_getfd, p, target, flags));
}


static int send_signal (lua_State *L) {
  int p = check(L);
  int sig = (int)luaL_checkinteger(L, 2);
  int flags = (int)luaL_optinteger(L, 3, 0);
  if (syscall(SYS_pidfd_send_signal, p, sig, NULL, flags) != 0)
    return fail(L);
  return succeed(L);
}


static int poll_ (lua_State *L) {
  struct pollfd event = {.fd = check(L), .events = POLLIN};
  double seconds = luaL_checknumber(L, 2);
  struct timespec time = {.tv_sec = (time_t)seconds};
  time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
  int rc = ppoll(&event, 1, &time, NULL);
  if (rc < 0)
    return fail(L);
  lua_pushboolean(L, rc);
  return 1;
}


static int close_ (lua_State *L) {
  int *owned = (int *)luaL_checkudata(L, 1, TYPE);
  int fd = *owned;
  *owned = -1;
  if (fd >= 0 && close(fd) != 0)
    return fail(L);
  return succeed(L);
}


static int pid (lua_State *L) {
  (void)check(L); /* it is only opened on this process */
  lua_pushinteger(L, getpid());
  return 1;
}


/* clang-format off */
static const luaL_Reg functions[] = {
  {"open", open_}, {"self", self}, {NULL, NULL},
};

static const luaL_Reg methods[] = {
  {"getfd", getfd}, {"send_signal", send_signal}, {"poll", poll_},
  {"close", close_}, {"pid", pid}, {"__gc", close_}, {NULL, NULL},
};
/* clang-format on */


/* into the table on top */
static void setfunctions (lua_State *L, const luaL_Reg *list) {
  for (; list->name != NULL; list++) {
    lua_pushcfunction(L, list->func);
    lua_setfield(L, -2, list->name);
  }
}


LUALIB_API int luaopen_floor (lua_State *L);


LUALIB_API int luaopen_floor (lua_State *L) {
  luaL_newmetatable(L, TYPE);
  setfunctions(L, methods);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_newtable(L);
  setfunctions(L, functions);
  return 1;
}
