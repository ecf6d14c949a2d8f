/*
** A Lua interpreter whose memory runs out on demand: at the allocation
** with a given number, once or from there on. It runs the program that
** its argument names, and gives it a table 'host':
**
**   host.attempt(f, n, forever)  call f() while allocation n fails; returns
**                                whether it came to that, and f's error
**   host.descriptors()           how many this process has open
**   host.haschildren()           has this process any child, dead or alive?
**   host.reap()                  wait for all children
**   host.socket()                the two of a new socketpair(2)
**   host.scarce(on)              may no descriptor be opened, or all?
**   host.intrude(n)              open up to n files that nobody may touch
**   host.evict()                 close them; what was done to them, or nil
*/

#define _GNU_SOURCE /* memfd_create */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/compat.h"


LUAMOD_API int luaopen_pidfd (lua_State *L);


typedef struct Memory {
  int armed;
  int forever;
  lua_Integer count;  /* of allocations since it was armed */
  lua_Integer fatal;  /* number of the one that fails */
  lua_Alloc allocate; /* Lua's own function, */
  void *ud;           /* and its argument */
} Memory;


static int fails (Memory *m) {
  if (!m->armed)
    return 0;
  m->count++;
  return (m->forever) ? m->count >= m->fatal : m->count == m->fatal;
}


/*
** Lua relies on it that a block can always be made smaller. The memory is from
** Lua's own function, for LuaJIT wants no other.
*/
static void *allocate (void *ud, void *block, size_t osize, size_t nsize) {
  Memory *m = (Memory *)ud;
  int grows = nsize > 0 && (block == NULL || nsize > osize);
  if (grows && fails(m))
    return NULL;
  return m->allocate(m->ud, block, osize, nsize);
}


static int attempt (lua_State *L) {
  void *ud;
  lua_getallocf(L, &ud);
  Memory *m = (Memory *)ud;
  m->fatal = luaL_checkinteger(L, 2);
  m->forever = lua_toboolean(L, 3);
  m->count = 0;
  lua_settop(L, 1);
  m->armed = 1;
  int status = lua_pcall(L, 0, 0, 0);
  m->armed = 0;
  lua_pushboolean(L, m->count >= m->fatal);
  if (status == LUA_OK)
    return 1;
  lua_insert(L, -2); /* reached, message */
  return 2;
}


static int descriptors (lua_State *L) {
  DIR *dir = opendir("/proc/self/fd");
  lua_Integer count = 0;
  if (dir == NULL)
    return luaL_error(L, "cannot open /proc/self/fd");
  while (readdir(dir) != NULL)
    count++;
  closedir(dir);
  lua_pushinteger(L, count);
  return 1;
}


static int haschildren (lua_State *L) {
  siginfo_t info;
  int options = WEXITED | WNOHANG | WNOWAIT | __WALL;
  lua_pushboolean(L, waitid(P_ALL, 0, &info, options) == 0);
  return 1;
}


static int reap (lua_State *L) {
  siginfo_t info;
  int rc;
  (void)L;
  do
    rc = waitid(P_ALL, 0, &info, WEXITED | __WALL);
  while (rc == 0);
  return 0;
}


/* the limit is the lowest number that is free, or as high as it may be */
static int scarce (lua_State *L) {
  struct rlimit limit;
  int lowest = dup(STDIN_FILENO);
  (void)close(lowest);
  (void)getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = lua_toboolean(L, 1) ? (rlim_t)lowest : limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
  return 0;
}


/*
** Files that take the numbers of descriptors that were closed a moment ago.
** A call that goes on using such a number closes one of them, or writes to it.
*/
#define MAXINTRUDERS 64

typedef struct Intruder {
  int fd;
  ino_t inode;
} Intruder;

static Intruder intruders[MAXINTRUDERS];
static int nintruders = 0;


static int intrude (lua_State *L) {
  lua_Integer n = luaL_checkinteger(L, 1);
  for (; n > 0 && nintruders < MAXINTRUDERS; n--) {
    struct stat about;
    int fd = memfd_create("intruder", MFD_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0)
      break;
    intruders[nintruders++] = (Intruder){.fd = fd, .inode = about.st_ino};
  }
  return 0;
}


static int evict (lua_State *L) {
  const char *harm = NULL;
  while (nintruders > 0) {
    const Intruder *i = &intruders[--nintruders];
    struct stat about;
    if (fstat(i->fd, &about) != 0 || about.st_ino != i->inode) {
      harm = "closed";
      continue; /* the number is somebody else's now */
    }
    if (about.st_size != 0 || lseek(i->fd, 0, SEEK_CUR) != 0)
      harm = "used";
    (void)close(i->fd);
  }
  lua_pushstring(L, harm);
  return 1;
}


static int newsocket (lua_State *L) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return luaL_error(L, "cannot make a socket");
  lua_pushinteger(L, ends[0]);
  lua_pushinteger(L, ends[1]);
  return 2;
}


static void openlibs (lua_State *L) {
  static const luaL_Reg host[] = {
    {"attempt", attempt},
    {"descriptors", descriptors},
    {"haschildren", haschildren},
    {"reap", reap},
    {"socket", newsocket},
    {"scarce", scarce},
    {"intrude", intrude},
    {"evict", evict},
    {NULL, NULL},
  };
  luaL_openlibs(L);
  luaL_newlib(L, host);
  lua_setglobal(L, "host");
  lua_getglobal(L, LUA_LOADLIBNAME);
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, luaopen_pidfd);
  lua_setfield(L, -2, "pidfd");
  lua_pop(L, 2);
}


int main (int argc, char **argv) {
  Memory memory = {0, 0, 0, 0, NULL, NULL};
  lua_State *L = luaL_newstate();
  if (L == NULL || argc != 2)
    return EXIT_FAILURE;
  memory.allocate = lua_getallocf(L, &memory.ud);
  lua_setallocf(L, allocate, &memory);
  openlibs(L);
  int status = luaL_dofile(L, argv[1]);
  if (status != LUA_OK)
    (void)fprintf(stderr, "%s\n", lua_tostring(L, -1));
  lua_close(L);
  return (status == LUA_OK) ? EXIT_SUCCESS : EXIT_FAILURE;
}
