/*
** Two ends of what one can read and write, for specs: pipes, sockets and
** terminals, made so that they block.
*/

#define _GNU_SOURCE /* ppoll */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "../../src/compat.h"


static int makesocket (int type, int ends[2]) {
  return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends);
}


/* a named pipe, whose name is gone */
static int makefifo (int ends[2]) {
  char directory[] = "/tmp/fifo-XXXXXX";
  char path[sizeof(directory) + 2];
  if (mkdtemp(directory) == NULL)
    return -1;
  (void)snprintf(path, sizeof(path), "%s/p", directory);
  (void)mkfifo(path, 0600);
  ends[0] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ends[1] = open(path, O_WRONLY | O_CLOEXEC);
  (void)unlink(path);
  (void)rmdir(directory);
  return fcntl(ends[0], F_SETFL, 0);
}


/* a terminal, raw or one that knows lines: its master, and its slave */
static int maketerminal (int *master, int *slave, int raw) {
  struct termios mode;
  *master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (*master < 0 || grantpt(*master) < 0 || unlockpt(*master) < 0)
    return -1;
  *slave = open(ptsname(*master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (*slave < 0 || tcgetattr(*slave, &mode) < 0)
    return -1;
  if (raw)
    cfmakeraw(&mode);
  return tcsetattr(*slave, TCSANOW, &mode);
}


static int makeends (const char *kind, int ends[2]) {
  if (strcmp(kind, "pipe") == 0)
    return pipe2(ends, O_CLOEXEC);
  if (strcmp(kind, "fifo") == 0)
    return makefifo(ends);
  if (strcmp(kind, "socket") == 0)
    return makesocket(SOCK_STREAM, ends);
  if (strcmp(kind, "datagram") == 0)
    return makesocket(SOCK_DGRAM, ends);
  if (strcmp(kind, "packets") == 0)
    return makesocket(SOCK_SEQPACKET, ends);
  if (strcmp(kind, "master") == 0)
    return maketerminal(&ends[0], &ends[1], 1);
  return maketerminal(&ends[1], &ends[0], strcmp(kind, "slave") == 0);
}


/* make(kind): the number of the end to read, and that of the one to write */
static int make (lua_State *L) {
  int ends[2];
  if (makeends(luaL_checkstring(L, 1), ends) != 0)
    return luaL_error(L, "cannot make a %s", lua_tostring(L, 1));
  lua_pushinteger(L, ends[0]);
  lua_pushinteger(L, ends[1]);
  return 2;
}


static int closenumber (lua_State *L) {
  (void)close((int)luaL_checkinteger(L, 1));
  return 0;
}


/* block(sig): in this thread */
static int block (lua_State *L) {
  sigset_t set;
  (void)sigemptyset(&set);
  (void)sigaddset(&set, (int)luaL_checkinteger(L, 1));
  (void)sigprocmask(SIG_BLOCK, &set, NULL);
  return 0;
}


/* its default action: it may have been ignored since before this process */
static int resetsignal (lua_State *L) {
  (void)signal((int)luaL_checkinteger(L, 1), SIG_DFL);
  return 0;
}


/* raise(sig): for this thread */
static int raisesignal (lua_State *L) {
  (void)raise((int)luaL_checkinteger(L, 1));
  return 0;
}


static const luaL_Reg functions[] = {
  {"make", make},         {"close", closenumber}, {"block", block},
  {"raise", raisesignal}, {"reset", resetsignal}, {NULL, NULL},
};


int luaopen_ends (lua_State *L);


int luaopen_ends (lua_State *L) {
  lua_newtable(L);
  for (const luaL_Reg *f = functions; f->name != NULL; f++) {
    lua_pushcfunction(L, f->func);
    lua_setfield(L, -2, f->name);
  }
  return 1;
}
