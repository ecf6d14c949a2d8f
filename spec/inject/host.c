/*
** A Lua interpreter whose system calls fail on demand. It runs the program
** that its argument names in a child process, under a seccomp filter that
** asks the parent about every call of the list below, in that process and in
** all that it starts. The parent has the kernel go on, or has the call fail:
** so the failure comes from the kernel, whatever makes the call. The program
** gets a table 'host':
**
**   host.calls               the list: names, in order
**   host.attempt(f, faults, point)
**                            call f() with these faults, a list of {call = name,
**                            nth = n, errno = e, forever = boolean}; returns
**                            whether all came, f's error, and what is wrong;
**                            'point' is told if it hangs
**   host.counts()            how often each call came in the last attempt
**   host.descriptors()       how many this process has open
**   host.closeabove(n)       close what is open from number n on
**   host.reap()              wait for all children; returns how many
**   host.socket()            the two of a new socketpair(2)
*/

#define _GNU_SOURCE /* pipe2 */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/compat.h"

#include "../../src/linux/kernel.h"

#define MAXFAULTS 2

/* so often does a call fail in one attempt, at most: then it is a loop */
#define ENDLESS 15000

/* nothing at all for so long is a hang, on any machine: milliseconds */
#define HANG 60000


LUAMOD_API int luaopen_pidfd (lua_State *L);


typedef struct Call {
  const char *name;
  int number;
} Call;

#define CALL(name)                                                             \
  { #name, SYS_##name }

static const Call calls[] = {
  CALL(capget),
  CALL(chdir),
  CALL(clone),
  CALL(clone3),
  CALL(close),
  CALL(close_range),
#if defined(SYS_dup2)
  CALL(dup2),
#endif
  CALL(dup3),
  CALL(execve),
  CALL(fcntl),
  CALL(fstat),
  CALL(fstatfs),
  CALL(getdents64),
  CALL(getsockopt),
  CALL(ioctl),
  CALL(newfstatat),
  CALL(openat),
  CALL(openat2),
  CALL(pidfd_getfd),
  CALL(pidfd_open),
  CALL(pidfd_send_signal),
  CALL(pipe2),
  CALL(ppoll),
  CALL(prctl),
  CALL(pread64),
  CALL(process_madvise),
  CALL(process_mrelease),
  CALL(read),
  CALL(readlinkat),
  CALL(recvmsg),
  CALL(rt_sigaction),
  CALL(sendmsg),
  CALL(setns),
  CALL(setpgid),
  CALL(setresgid),
  CALL(setresuid),
  CALL(setsid),
  CALL(setsockopt),
  CALL(socket),
  CALL(tgkill),
  CALL(wait4),
  CALL(waitid),
  CALL(write),
};

#define NCALLS ((int)(sizeof(calls) / sizeof(*calls)))


typedef struct Fault {
  int call; /* index, or -1 */
  int nth;
  int error;
  int forever;
  int came; /* how often it did */
} Fault;

/* shared by the two processes */
typedef struct Shared {
  volatile int armed;
  volatile int endless;
  char point[256]; /* what is tried, to tell of a hang */
  volatile int counts[NCALLS];
  volatile Fault faults[MAXFAULTS];
} Shared;

static Shared *shared;


static int findcall (int number) {
  int i = 0;
  while (i < NCALLS && calls[i].number != number)
    i++;
  return i;
}


/*
** {=====================================================================
** the parent, which decides
** ======================================================================
*/

/* the errno that a call is to fail with, or 0 */
static int decide (int number) {
  int call = findcall(number);
  if (!shared->armed || call == NCALLS)
    return 0;
  int count = ++shared->counts[call];
  for (int i = 0; i < MAXFAULTS; i++) {
    volatile Fault *f = &shared->faults[i];
    if (f->call != call || count < f->nth || (count > f->nth && !f->forever))
      continue;
    if (f->came++ < ENDLESS)
      return f->error;
    shared->endless = 1;
  }
  return 0;
}


static void answer (int listener) {
  struct seccomp_notif asked;
  struct seccomp_notif_resp response;
  memset(&asked, 0, sizeof(asked));
  memset(&response, 0, sizeof(response));
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0)
    return; /* interrupted, or ended */
  int error = decide(asked.data.nr);
  response.id = asked.id;
  response.error = -error;
  if (error == 0)
    response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}


/* until nobody is left under the filter */
static int supervise (int listener, pid_t target) {
  struct pollfd event = {.fd = listener, .events = POLLIN};
  for (;;) {
    int n = poll(&event, 1, HANG);
    if (n == 0) {
      (void)fprintf(stderr, "hangs: %s\n", shared->point);
      (void)kill(target, SIGKILL);
    }
    if (event.revents & POLLIN)
      answer(listener);
    else if (event.revents & (POLLHUP | POLLERR | POLLNVAL))
      break;
  }
  int status = EXIT_FAILURE;
  (void)waitpid(target, &status, 0);
  if (WIFSIGNALED(status))
    (void)fprintf(stderr, "ended by signal %d\n", WTERMSIG(status));
  return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}


/* take the listener out of the target, which tells its number */
static int takelistener (int socket, pid_t target) {
  int number;
  if (recv(socket, &number, sizeof(number), 0) != sizeof(number))
    return -1;
  int pidfd = (int)syscall(SYS_pidfd_open, target, 0);
  int listener = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
  (void)close(pidfd);
  return listener;
}

/* }=================================================================== */


/*
** {=====================================================================
** the child, which runs the program
** ======================================================================
*/

static int listenhere (void) {
  struct sock_filter code[2 * NCALLS + 2];
  unsigned short n = 0;
  code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                           offsetof(struct seccomp_data, nr));
  for (int i = 0; i < NCALLS; i++) {
    code[n++] = (struct sock_filter)BPF_JUMP(
      BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)calls[i].number, 0, 1);
    code[n++] =
      (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
  }
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog filter = {.len = n, .filter = code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return -1;
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                      SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
}


static int checkcall (lua_State *L, const char *name) {
  int i = 0;
  while (i < NCALLS && strcmp(calls[i].name, name) != 0)
    i++;
  return (i < NCALLS) ? i : luaL_error(L, "unknown call %s", name);
}


static int getint (lua_State *L, const char *name) {
  lua_getfield(L, -1, name);
  int n =
    lua_isboolean(L, -1) ? lua_toboolean(L, -1) : (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return n;
}


static void setfaults (lua_State *L, int arg) {
  for (int i = 0; i < MAXFAULTS; i++) {
    volatile Fault *f = &shared->faults[i];
    f->call = -1;
    f->came = 0;
    if (lua_rawgeti(L, arg, i + 1) == LUA_TTABLE) {
      lua_getfield(L, -1, "call");
      f->call = checkcall(L, luaL_checkstring(L, -1));
      lua_pop(L, 1);
      f->nth = getint(L, "nth");
      f->error = getint(L, "errno");
      f->forever = getint(L, "forever");
    }
    lua_pop(L, 1);
  }
  for (int i = 0; i < NCALLS; i++)
    shared->counts[i] = 0;
  shared->endless = 0;
}


static const char *findwrong (const sigset_t *before) {
  sigset_t after;
  (void)sigprocmask(SIG_SETMASK, NULL, &after);
  for (int sig = 1; sig < NSIG; sig++)
    if (sigismember(before, sig) != sigismember(&after, sig)) {
      (void)sigprocmask(SIG_SETMASK, before, NULL);
      return "the signal mask has changed";
    }
  return shared->endless ? "it tries for ever" : NULL;
}


static int haveallcome (void) {
  for (int i = 0; i < MAXFAULTS; i++)
    if (shared->faults[i].call >= 0 && shared->faults[i].came == 0)
      return 0;
  return 1;
}


static int attempt (lua_State *L) {
  sigset_t before;
  (void)snprintf(shared->point, sizeof(shared->point), "%s",
                 luaL_checkstring(L, 3));
  setfaults(L, 2);
  lua_settop(L, 1);
  (void)sigprocmask(SIG_SETMASK, NULL, &before);
  shared->armed = 1;
  int status = lua_pcall(L, 0, 0, 0);
  shared->armed = 0;
  if (status == LUA_OK)
    lua_pushnil(L);
  lua_pushboolean(L, haveallcome());
  lua_insert(L, 1);
  lua_pushstring(L, findwrong(&before));
  return 3; /* come, error, wrong */
}


static int counts (lua_State *L) {
  lua_newtable(L);
  for (int i = 0; i < NCALLS; i++) {
    lua_pushinteger(L, shared->counts[i]);
    lua_setfield(L, -2, calls[i].name);
  }
  return 1;
}


static int descriptors (lua_State *L) {
  DIR *dir = opendir("/proc/self/fd");
  lua_Integer count = 0;
  if (dir == NULL)
    return luaL_error(L, "cannot open /proc/self/fd");
  while (readdir(dir) != NULL)
    count++;
  (void)closedir(dir);
  lua_pushinteger(L, count);
  return 1;
}


static int closeabove (lua_State *L) {
  int first = (int)luaL_checkinteger(L, 1);
  (void)syscall(SYS_close_range, first, ~0U, 0);
  return 0;
}


static int reap (lua_State *L) {
  lua_Integer n = 0;
  while (waitpid(-1, NULL, __WALL) > 0)
    n++;
  lua_pushinteger(L, n);
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
    {"counts", counts},
    {"descriptors", descriptors},
    {"closeabove", closeabove},
    {"reap", reap},
    {"socket", newsocket},
    {NULL, NULL},
  };
  luaL_openlibs(L);
  luaL_newlib(L, host);
  lua_newtable(L);
  for (int i = 0; i < NCALLS; i++) {
    lua_pushstring(L, calls[i].name);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "calls");
  lua_setglobal(L, "host");
  lua_getglobal(L, LUA_LOADLIBNAME);
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, luaopen_pidfd);
  lua_setfield(L, -2, "pidfd");
  lua_pop(L, 2);
}


static int runprogram (const char *name) {
  lua_State *L = luaL_newstate();
  if (L == NULL)
    return EXIT_FAILURE;
  openlibs(L);
  int status = luaL_dofile(L, name);
  if (status != LUA_OK)
    (void)fprintf(stderr, "%s\n", lua_tostring(L, -1));
  lua_close(L);
  return (status == LUA_OK) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* }=================================================================== */


int main (int argc, char **argv) {
  int ends[2];
  shared = (Shared *)mmap(NULL, sizeof(Shared), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (argc != 2 || shared == MAP_FAILED ||
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return EXIT_FAILURE;
  pid_t target = fork();
  if (target == 0) {
    int listener = listenhere();
    /* send(2) is not on the list: the parent does not listen yet */
    if (listener < 0 ||
        send(ends[0], &listener, sizeof(listener), 0) != sizeof(listener))
      _exit(EXIT_FAILURE);
    (void)syscall(SYS_close_range, ends[0], ~0U, 0); /* asks the parent */
    exit(runprogram(argv[1]));
  }
  (void)close(ends[0]);
  int listener = takelistener(ends[1], target);
  if (listener < 0) {
    (void)fprintf(stderr, "no seccomp filter that asks: needs Linux 5.6\n");
    return EXIT_FAILURE;
  }
  return supervise(listener, target);
}
