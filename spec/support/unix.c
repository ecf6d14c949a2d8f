/*
** What specs need of Unix and Lua lacks: signal handlers that call Lua, as
** other libraries offer them, and children of uncommon kinds.
*/

#define _GNU_SOURCE /* clone */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../src/compat.h"

#define HANDLER "unix.handler"


/*
** {=====================================================================
** Signals
** ======================================================================
*/

static lua_State *state;


static void callhandler (lua_State *L, lua_Debug *event) {
  (void)event;
  lua_sethook(L, NULL, 0, 0);
  lua_getfield(L, LUA_REGISTRYINDEX, HANDLER);
  lua_call(L, 0, 0);
}


/*
** An instruction of Lua is needed for this hook to fire, a call will not
** do. Handlers may set hooks: the one of lua.c does.
*/
static void sethook (int sig) {
  (void)sig;
  /* NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c) */
  lua_sethook(state, callhandler, LUA_MASKCOUNT, 1);
}


/* handle(sig, f): from now on, call 'f' soon after the signal has come */
static int handle (lua_State *L) {
  state = pfd_compat_mainthread(L);
  lua_settop(L, 2);
  lua_setfield(L, LUA_REGISTRYINDEX, HANDLER);
  (void)signal((int)luaL_checkinteger(L, 1), sethook); /* restarts calls */
  return 0;
}


/* raise(sig, f, ...): return f(...), without any instruction in between */
static int raiseandcall (lua_State *L) {
  (void)raise((int)luaL_checkinteger(L, 1));
  /* cppcheck-suppress unreachableCode ; it is handled */
  lua_call(L, lua_gettop(L) - 2, LUA_MULTRET);
  return lua_gettop(L) - 1;
}


/* rounded: a microsecond that became 0 would set no timer */
static struct timeval seconds (lua_State *L, int arg) {
  long long n = (long long)(luaL_checknumber(L, arg) * 1e6 + 0.5);
  return (struct timeval){.tv_sec = (time_t)(n / 1000000),
                          .tv_usec = (suseconds_t)(n % 1000000)};
}


/* alarm(first, interval): raise SIGALRM, again and again */
static int alarms (lua_State *L) {
  struct itimerval timer = {.it_value = seconds(L, 1),
                            .it_interval = seconds(L, 2)};
  lua_pushboolean(L, setitimer(ITIMER_REAL, &timer, NULL) == 0);
  return 1;
}


static sigset_t only (lua_State *L) {
  sigset_t set;
  (void)sigemptyset(&set);
  (void)sigaddset(&set, (int)luaL_checkinteger(L, 1));
  return set;
}


/* block(sig): leave it for sigwait */
static int blocksignal (lua_State *L) {
  sigset_t set = only(L);
  (void)sigprocmask(SIG_BLOCK, &set, NULL);
  return 0;
}


/* sigwait(sig): was it queued; the pid, uid and value that came with it */
static int waitsignal (lua_State *L) {
  siginfo_t info;
  sigset_t set = only(L);
  (void)sigwaitinfo(&set, &info);
  lua_pushboolean(L, info.si_code == SI_QUEUE);
  lua_pushinteger(L, info.si_pid);
  lua_pushinteger(L, info.si_uid);
  lua_pushinteger(L, info.si_value.sival_int);
  return 4;
}


/* now(): seconds on the monotonic clock */
static int now (lua_State *L) {
  struct timespec time;
  (void)clock_gettime(CLOCK_MONOTONIC, &time);
  lua_pushnumber(L, (lua_Number)time.tv_sec + (lua_Number)time.tv_nsec / 1e9);
  return 1;
}

/* }=================================================================== */


/*
** {=====================================================================
** Children
** ======================================================================
*/

/* waitany(): reap any child, and return its pid */
static int waitany (lua_State *L) {
  lua_pushinteger(L, waitpid(-1, NULL, 0));
  return 1;
}


/* clone(sig, status): a child that exits, and tells so by that signal */
static int clonechild (lua_State *L) {
  long sig = (long)luaL_checkinteger(L, 1);
  int status = (int)luaL_checkinteger(L, 2);
  long pid = syscall(SYS_clone, sig, 0, 0, 0, 0);
  if (pid == 0)
    _exit(status);
  lua_pushinteger(L, pid);
  return 1;
}


/* seize(pid): be its tracer */
static int seize (lua_State *L) {
  pid_t pid = (pid_t)luaL_checkinteger(L, 1);
  lua_pushboolean(L, ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0);
  return 1;
}


/* traceme(): be traced by the parent, and stop for it */
static int traceme (lua_State *L) {
  (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
  lua_pushboolean(L, raise(SIGTRAP) == 0);
  return 1;
}

/* }=================================================================== */


/* both ends of a new terminal, which is nobody's; nothing if there is none */
static int pty (lua_State *L) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0)
    return 0;
  int ready = grantpt(master) == 0 && unlockpt(master) == 0;
  const char *path = ready ? ptsname(master) : NULL;
  int slave = (path != NULL) ? open(path, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
  if (slave < 0) {
    close(master);
    return 0;
  }
  lua_pushinteger(L, master);
  lua_pushinteger(L, slave);
  return 2;
}


static int closefd (lua_State *L) {
  close((int)luaL_checkinteger(L, 1));
  return 0;
}


static const luaL_Reg functions[] = {
  {"pty", pty},
  {"close", closefd},
  {"handle", handle},
  {"raise", raiseandcall},
  {"alarm", alarms},
  {"block", blocksignal},
  {"sigwait", waitsignal},
  {"now", now},
  {"waitany", waitany},
  {"clone", clonechild},
  {"seize", seize},
  {"traceme", traceme},
  {NULL, NULL},
};


int luaopen_unix (lua_State *L);


int luaopen_unix (lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
