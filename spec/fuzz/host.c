/*
** The table 'host' of a round's Lua program:
**
**   host.call(rate, name, f, ...)  pcall f; one of 'rate' allocations fails in
**                                  it (none if 0). Checks that the signal mask
**                                  is what it was, and raises if not
**   host.random(n)                 1 to n. Finalizers and hooks draw from a
**                                  stream of their own, since they run at no
**                                  fixed time
**   host.isincall()                does this run in a call of host.call?
**   host.aside(f, ...)             call f; no allocation fails and no hook
**                                  runs in it
**   host.setwild(f)                hooks of signals call f now and then
**   host.limit(n)                  RLIMIT_NOFILE is what is open and n more;
**                                  nil: as at the start
**   host.setenv(name, value)       setenv(3), which may move 'environ'
**   host.isopen(fd)
**   host.closefd(fd)               close(2)
**   host.foreign()                 a new number for the foreign process's pidfd
**   host.socket()                  the two of a socketpair(2)
**   host.closesockets()            close both
**   host.sweep(pids)               kill and reap all children, and clear this
**                                  set; returns how many of them were not in it,
**                                  and what is known of the last of these
**   host.spawned(n)                count n more children
*/

#include "host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* a call that lasts longer is ended by its hook, in nanoseconds */
#define PATIENCE 20000000LL


LUAMOD_API int luaopen_pidfd (lua_State *L);


/* one round in each process, so that statics do */
static struct {
  Shared *shared;
  Round round;
  lua_State *L;
  uint64_t random[2]; /* outside of a call, and in one */
  lua_Integer rate;
  volatile sig_atomic_t depth; /* of calls that run now */
  long long start;             /* of the outermost one */
  volatile sig_atomic_t aside;
  int sockets[2];
  struct rlimit limit;
  sigset_t mask;
  lua_Alloc allocate; /* Lua's own */
} host;


static uint64_t draw (uint64_t *x) {
  *x ^= *x << 13;
  *x ^= *x >> 7;
  *x ^= *x << 17;
  return *x;
}


static uint64_t below (uint64_t n) {
  return (draw(&host.random[host.depth > 0]) >> 11) % n;
}


static int isscarce (int grows) {
  if (!grows || host.depth == 0 || host.aside || host.rate == 0 ||
      below((uint64_t)host.rate) != 0)
    return 0;
  host.shared->shortages++;
  return 1;
}


/* by Lua's own function, for LuaJIT wants no other */
static void *allocate (void *ud, void *block, size_t osize, size_t nsize) {
  if (nsize > 0 && isscarce(block == NULL || nsize > osize))
    return NULL;
  return host.allocate(ud, block, osize, nsize);
}


static long long now (void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}


/*
** {=====================================================================
** signals
** ======================================================================
*/

static void runwild (lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, "fuzz.wild");
  if (lua_isfunction(L, -1))
    lua_call(L, 0, 0);
  else
    lua_pop(L, 1);
}


/*
** Removes itself, as that of lua.c does. In a call it may do anything, but
** not at its return: what it has made would be nobody's.
*/
static void hook (lua_State *L, lua_Debug *ar) {
  lua_sethook(L, NULL, 0, 0);
  if (host.depth == 0 || host.aside || ar->event == LUA_HOOKRET)
    return;
  if (now() - host.start > PATIENCE || below(8) == 0)
    luaL_error(L, "a hook raises");
  if (below(4) == 0 && lua_checkstack(L, LUA_MINSTACK))
    runwild(L);
}


static void sethook (int sig) {
  (void)sig;
  host.shared->signals++;
  int mask = LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT;
  if (host.L != NULL)
    lua_sethook(host.L, hook, mask, 1);
}


static int isspared (int sig) {
  static const int spared[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE,
                               SIGILL,  SIGABRT, SIGSYS,  SIGCHLD};
  for (size_t i = 0; i < sizeof(spared) / sizeof(*spared); i++)
    if (sig == spared[i])
      return 1;
  return 0;
}


void fuzz_startsignals (lua_State *L) {
  host.L = L;
  for (int sig = 1; sig <= SIGRTMAX; sig++) {
    struct sigaction action = {.sa_handler = sethook};
    action.sa_flags = (sig % 2 == 0) ? SA_RESTART : 0;
    if (!isspared(sig))
      (void)sigaction(sig, &action, NULL); /* two are the C library's */
  }
  host.shared->ready = 1;
  struct itimerval timer = {{0, 1000}, {0, 1000}};
  (void)setitimer(ITIMER_REAL, &timer, NULL);
}


void fuzz_stopsignals (void) {
  struct itimerval timer = {{0, 0}, {0, 0}};
  (void)setitimer(ITIMER_REAL, &timer, NULL);
  host.L = NULL;
}

/* }=================================================================== */


/*
** {=====================================================================
** the table
** ======================================================================
*/

/* the kernel's part of it */
static void checkmask (lua_State *L) {
  sigset_t mask;
  (void)sigprocmask(SIG_SETMASK, NULL, &mask);
  if (memcmp(&mask, &host.mask, _NSIG / 8) != 0)
    luaL_error(L, "the signal mask has changed");
}


static void enter (lua_Integer rate, const char *name) {
  if (host.depth == 0) {
    host.start = now();
    host.rate = rate;
    (void)strncpy(host.shared->name, name, sizeof(host.shared->name) - 1);
  }
  host.shared->calls++;
  host.depth = host.depth + 1;
}


static int call (lua_State *L) {
  lua_Integer rate = luaL_checkinteger(L, 1);
  enter(rate, luaL_checkstring(L, 2));
  int status = lua_pcall(L, lua_gettop(L) - 3, LUA_MULTRET, 0);
  host.depth = host.depth - 1;
  checkmask(L);
  if (status != LUA_OK)
    host.shared->raised++;
  else if (lua_isnil(L, 3))
    host.shared->failed++;
  lua_pushboolean(L, status == LUA_OK);
  lua_replace(L, 2);
  return lua_gettop(L) - 1;
}


static int randomnumber (lua_State *L) {
  lua_Integer n = luaL_checkinteger(L, 1);
  lua_pushinteger(L, (lua_Integer)below((uint64_t)n) + 1);
  return 1;
}


static int isincall (lua_State *L) {
  lua_pushboolean(L, host.depth > 0 && !host.aside);
  return 1;
}


static int aside (lua_State *L) {
  sig_atomic_t before = host.aside;
  host.aside = 1;
  int status = lua_pcall(L, lua_gettop(L) - 1, 0, 0);
  host.aside = before;
  return (status == LUA_OK) ? 0 : lua_error(L);
}


static int setwild (lua_State *L) {
  lua_settop(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, "fuzz.wild");
  return 0;
}


int fuzz_descriptors (void) {
  DIR *dir = opendir("/proc/self/fd");
  int count = -3; /* itself, and the two dots */
  while (dir != NULL && readdir(dir) != NULL)
    count++;
  if (dir != NULL)
    (void)closedir(dir);
  return count;
}


static int limit (lua_State *L) {
  struct rlimit limit = host.limit;
  if (!lua_isnoneornil(L, 1)) {
    int first = dup(0); /* the lowest number that is free */
    if (first >= 0)
      (void)close(first);
    limit.rlim_cur = (rlim_t)(first + luaL_checkinteger(L, 1));
  }
  (void)setrlimit(RLIMIT_NOFILE, &limit);
  return 0;
}


static int setvariable (lua_State *L) {
  (void)setenv(luaL_checkstring(L, 1), luaL_checkstring(L, 2), 1);
  return 0;
}


static int isopen (lua_State *L) {
  int fd = (int)luaL_checkinteger(L, 1);
  lua_pushboolean(L, fcntl(fd, F_GETFD) >= 0);
  return 1;
}


static int closefd (lua_State *L) {
  (void)close((int)luaL_checkinteger(L, 1));
  return 0;
}


static int foreign (lua_State *L) {
  if (host.round.foreign < 0)
    return 0;
  int fd = fcntl(host.round.foreign, F_DUPFD_CLOEXEC, 0);
  if (fd < 0)
    return 0;
  lua_pushinteger(L, fd);
  return 1;
}


static int newsocket (lua_State *L) {
  int type = SOCK_STREAM | SOCK_CLOEXEC;
  if (host.sockets[0] == 0 && socketpair(AF_UNIX, type, 0, host.sockets) != 0)
    return luaL_error(L, "cannot make a socket");
  lua_pushinteger(L, host.sockets[0]);
  lua_pushinteger(L, host.sockets[1]);
  return 2;
}


static int closesockets (lua_State *L) {
  (void)L;
  (void)close(host.sockets[0]);
  (void)close(host.sockets[1]);
  return 0;
}


static int isin (lua_State *L, pid_t pid) {
  int found = lua_rawgeti(L, 1, pid) != LUA_TNIL;
  lua_pop(L, 1);
  return found;
}


/* what is known of a child that has ended, "sleep: signal 9"; not reaped yet */
static void describe (const siginfo_t *child, char *text, size_t size) {
  char path[64], name[64] = "";
  (void)snprintf(path, sizeof(path), "/proc/%d/comm", child->si_pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = (fd >= 0) ? read(fd, name, sizeof(name) - 1) : 0;
  if (fd >= 0)
    (void)close(fd);
  name[(n > 0) ? n - 1 : 0] = '\0';
  (void)snprintf(text, size, "%s: %s %d", name,
                 (child->si_code == CLD_EXITED) ? "exit" : "signal",
                 child->si_status);
}


/* reap the next child; is it lost? -1 when there is none any more */
static int sweepone (lua_State *L, char *text, size_t size) {
  siginfo_t child = {.si_pid = 0};
  int rc;
  do
    rc = waitid(P_ALL, 0, &child, WEXITED | WNOWAIT | __WALL);
  while (rc != 0 && errno == EINTR);
  if (rc != 0)
    return -1;
  int lost = !isin(L, child.si_pid);
  if (lost)
    describe(&child, text, size);
  while (waitpid(child.si_pid, NULL, __WALL) < 0 && errno == EINTR)
    ;
  return lost;
}


/* they may be stopped, or anything: KILL ends them all */
static void killknown (lua_State *L) {
  for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
    pid_t pid = (pid_t)lua_tointeger(L, -2);
    siginfo_t child;
    if (waitid(P_PID, (id_t)pid, &child,
               WEXITED | WNOHANG | WNOWAIT | __WALL) == 0)
      (void)kill(pid, SIGKILL);
  }
}


/* there is no allocation up to the end: a finalizer might start a child */
static int sweep (lua_State *L) {
  lua_Integer lost = 0;
  char text[128] = "";
  killknown(L);
  for (int rc = 0; rc >= 0; lost += (rc > 0))
    rc = sweepone(L, text, sizeof(text));
  for (lua_pushnil(L); lua_next(L, 1) != 0;) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, 1);
  }
  lua_pushinteger(L, lost);
  lua_pushstring(L, text);
  return 2;
}


static int countspawned (lua_State *L) {
  host.shared->spawned += (uint64_t)luaL_checkinteger(L, 1);
  return 0;
}

/* }=================================================================== */


static void setfacts (lua_State *L) {
  lua_pushinteger(L, (lua_Integer)host.round.seed);
  lua_setfield(L, -2, "seed");
  lua_pushboolean(L, host.round.spawns);
  lua_setfield(L, -2, "spawns");
  lua_pushinteger(L, getpid());
  lua_setfield(L, -2, "pid");
  lua_pushinteger(L, host.round.stranger);
  lua_setfield(L, -2, "stranger");
}


static void openlibs (lua_State *L) {
  static const luaL_Reg functions[] = {
    {"call", call},
    {"random", randomnumber},
    {"isincall", isincall},
    {"aside", aside},
    {"setwild", setwild},
    {"limit", limit},
    {"setenv", setvariable},
    {"isopen", isopen},
    {"closefd", closefd},
    {"foreign", foreign},
    {"socket", newsocket},
    {"closesockets", closesockets},
    {"sweep", sweep},
    {"spawned", countspawned},
    {NULL, NULL},
  };
  luaL_openlibs(L);
  luaL_newlib(L, functions);
  setfacts(L);
  lua_setglobal(L, "host");
  lua_getglobal(L, LUA_LOADLIBNAME);
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, luaopen_pidfd);
  lua_setfield(L, -2, "pidfd");
  lua_pop(L, 2);
}


lua_State *fuzz_newstate (Shared *shared, const Round *round) {
  host.shared = shared;
  host.round = *round;
  host.random[0] = (round->seed + 1) * 0x9E3779B97F4A7C15ULL;
  host.random[1] = host.random[0] ^ 0xD1B54A32D192ED03ULL;
  (void)getrlimit(RLIMIT_NOFILE, &host.limit);
  (void)sigprocmask(SIG_SETMASK, NULL, &host.mask);
  lua_State *L = luaL_newstate();
  if (L != NULL) {
    void *ud;
    host.allocate = lua_getallocf(L, &ud);
    lua_setallocf(L, allocate, ud);
    openlibs(L);
  }
  return L;
}
