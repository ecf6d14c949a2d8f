#define _GNU_SOURCE /* unshare */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

/*
** The fuzzer. It makes a pid namespace in which it is the first process,
** and runs there one round after the other, each in a process of its own
** that runs the Lua program: what it does follows from its seed.
**
**   main PROGRAM SECONDS [spawn | nospawn [SEED]]
**
** With a seed there is one round, that one. Beside a round there is a
** process that sends it signals, and a stranger, which must get none. A
** round that makes no call for a minute hangs.
*/

#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STUCK 60 /* seconds */

#define COMPLAINTS 500L /* the descriptor */


typedef struct Options {
  const char *program;
  long seconds;
  int spawns;
  int once;
  uint64_t seed;
} Options;

static Shared *shared;


static long long seconds (void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec;
}


static void writefile (const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd >= 0) {
    (void)!write(fd, text, strlen(text));
    (void)close(fd);
  }
}


/*
** {=====================================================================
** processes of a round
** ======================================================================
*/

/* it is told of every signal, and of none by name */
static void bestranger (void) {
  sigset_t all;
  (void)sigfillset(&all);
  (void)sigprocmask(SIG_SETMASK, &all, NULL);
  int sig = sigwaitinfo(&all, NULL);
  shared->stranger = sig;
  _exit(EXIT_SUCCESS);
}


static void besender (pid_t round, unsigned int seed) {
  static const int signals[] = {SIGUSR1, SIGUSR2, SIGWINCH, SIGHUP,  SIGINT,
                                SIGTERM, SIGURG,  SIGCONT,  SIGCHLD, SIGPIPE,
                                SIGTSTP, SIGSTOP, SIGPWR,   SIGIO};
  (void)setsid();
  for (;;) {
    seed = seed * 1103515245U + 12345U;
    struct timespec t = {0, 50000 + (long)(seed >> 16) % 64 * 50000};
    (void)nanosleep(&t, NULL);
    if (!shared->ready)
      continue;
    size_t n = sizeof(signals) / sizeof(*signals);
    (void)kill(round, signals[(seed >> 20) % n]);
    (void)kill(round, SIGCONT);
  }
}


static int runprogram (lua_State *L, const char *program) {
  int status = luaL_loadfile(L, program);
  if (status == LUA_OK) {
    fuzz_startsignals(L);
    status = lua_pcall(L, 0, 0, 0);
    fuzz_stopsignals();
    lua_sethook(L, NULL, 0, 0);
  }
  if (status != LUA_OK)
    (void)dprintf(COMPLAINTS, "%s\n", luaL_tolstring(L, -1, NULL));
  return status == LUA_OK;
}


/* tell what all descriptors are */
static void telldescriptors (void) {
  for (int fd = 0; fd < COMPLAINTS; fd++) {
    char path[64], name[128] = "";
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (readlink(path, name, sizeof(name) - 1) > 0)
      (void)dprintf(COMPLAINTS, "%d: %s\n", fd, name);
  }
}


static void beround (const Round *round, const char *program) {
  (void)setpgid(0, 0);
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  int before = fuzz_descriptors();
  lua_State *L = fuzz_newstate(shared, round);
  int good = L != NULL && runprogram(L, program);
  if (L != NULL)
    lua_close(L);
  int left = fuzz_descriptors() - before;
  if (good && left > 0) {
    (void)dprintf(COMPLAINTS, "%d descriptors are left, of these:\n", left);
    telldescriptors();
  }
  _exit((good && left <= 0) ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* }=================================================================== */


/*
** {=====================================================================
** the first process
** ======================================================================
*/

/* wait for its end; what a signal has stopped goes on */
static int watch (pid_t pid, int *status) {
  long long last = seconds();
  uint64_t calls = shared->calls;
  struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0),
                       .events = POLLIN};
  while (poll(&end, 1, 20) == 0 && seconds() - last <= STUCK) {
    (void)kill(pid, SIGCONT);
    if (shared->calls != calls) {
      calls = shared->calls;
      last = seconds();
    }
  }
  (void)close(end.fd);
  return waitpid(pid, status, WNOHANG) == pid;
}


/* tell what was wrong with a round; returns whether anything was */
static int complain (uint64_t seed, int ended, int status) {
  char what[64] = "";
  if (!ended)
    (void)strcpy(what, "hangs");
  else if (WIFSIGNALED(status))
    (void)snprintf(what, sizeof(what), "was ended by signal %d",
                   WTERMSIG(status));
  else if (WEXITSTATUS(status) != 0)
    (void)snprintf(what, sizeof(what), "failed with status %d",
                   WEXITSTATUS(status));
  else if (shared->stranger != 0)
    (void)snprintf(what, sizeof(what), "sent signal %d to a stranger",
                   shared->stranger);
  if (*what == '\0')
    return 0;
  (void)dprintf(COMPLAINTS, "seed %llu: %s, last call: %s\n",
                (unsigned long long)seed, what, shared->name);
  return 1;
}


/* all others in this pid namespace */
static void endall (void) {
  (void)kill(-1, SIGKILL);
  while (waitpid(-1, NULL, 0) > 0)
    ;
}


static int playround (const Options *o, uint64_t seed, int foreign) {
  Round round = {seed, o->spawns, foreign, 0};
  shared->stranger = shared->ready = 0;
  *shared->name = '\0';
  round.stranger = fork();
  if (round.stranger == 0)
    bestranger();
  (void)setpgid(round.stranger, 0); /* a signal to our group is for us */
  pid_t pid = fork();
  if (pid == 0)
    beround(&round, o->program);
  pid_t sender = fork();
  if (sender == 0)
    besender(pid, (unsigned int)seed);
  int status = 0;
  int ended = round.stranger > 0 && pid > 0 && watch(pid, &status);
  int dead = waitpid(round.stranger, NULL, WNOHANG) != 0;
  if (dead && shared->stranger == 0)
    shared->stranger = SIGKILL;
  endall();
  return complain(seed, ended, status);
}


static void report (const Options *o, long rounds, int bad) {
  (void)dprintf(
    COMPLAINTS,
    "%ld rounds from seed %llu on, %llu calls (%llu raised, %llu failed), "
    "%llu children, %llu signals, %llu refused allocations: "
    "%d rounds went wrong\n",
    rounds, (unsigned long long)o->seed, (unsigned long long)shared->calls,
    (unsigned long long)shared->raised, (unsigned long long)shared->failed,
    (unsigned long long)shared->spawned, (unsigned long long)shared->signals,
    (unsigned long long)shared->shortages, bad);
}


static int play (const Options *o, int foreign) {
  long long until = seconds() + o->seconds;
  long rounds = 0;
  int bad = 0;
  (void)setsid();
  /* few numbers, so that they come again soon (Linux 6.14) */
  writefile("/proc/sys/kernel/pid_max", "400");
  do {
    bad += playround(o, o->seed + (uint64_t)rounds, foreign);
    rounds++;
  } while (!o->once && seconds() < until);
  report(o, rounds, bad);
  return (bad == 0) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* }=================================================================== */


static int newnamespaces (void) {
  int flags = CLONE_NEWPID | CLONE_NEWNS;
  char map[64];
  uid_t uid = getuid();
  gid_t gid = getgid();
  if (unshare(flags) == 0)
    return 0;
  if (unshare(flags | CLONE_NEWUSER) != 0)
    return -1;
  writefile("/proc/self/setgroups", "deny");
  (void)snprintf(map, sizeof(map), "0 %ld 1", (long)uid);
  writefile("/proc/self/uid_map", map);
  (void)snprintf(map, sizeof(map), "0 %ld 1", (long)gid);
  writefile("/proc/self/gid_map", map);
  return 0;
}


static int befirst (const Options *o, int foreign) {
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
  if (mount("proc", "/proc", "proc", 0, NULL) != 0) {
    (void)dprintf(COMPLAINTS, "cannot mount /proc: %s\n", strerror(errno));
    return EXIT_FAILURE;
  }
  return play(o, foreign);
}


static int readoptions (int argc, char **argv, Options *o) {
  if (argc < 3)
    return 0;
  *o = (Options){.program = argv[1], .spawns = 1};
  o->seconds = strtol(argv[2], NULL, 10);
  if (argc > 3)
    o->spawns = strcmp(argv[3], "nospawn") != 0;
  o->once = argc > 4 && *argv[4] != '\0';
  o->seed = o->once ? strtoull(argv[4], NULL, 10) : (uint64_t)time(NULL) * 1000;
  return 1;
}


/* of the sanitizers, whose header not every compiler brings along */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-*) */
void __sanitizer_set_report_fd (void *fd);


/*
** Random calls write to stdout and stderr, their own and those that they take
** out of other processes. What is to be read goes to a number that they do not
** use.
*/
static void silence (void) {
  int null = open("/dev/null", O_WRONLY);
  (void)dup3(STDERR_FILENO, COMPLAINTS, O_CLOEXEC);
  (void)dup2(null, STDOUT_FILENO);
  (void)dup2(null, STDERR_FILENO);
  (void)close(null);
  __sanitizer_set_report_fd((void *)COMPLAINTS);
}


int main (int argc, char **argv) {
  Options o;
  if (!readoptions(argc, argv, &o))
    return EXIT_FAILURE;
  int null = open("/dev/null", O_RDWR);
  (void)dup2(null, STDIN_FILENO);
  (void)close(null);
  shared = (Shared *)mmap(NULL, sizeof(Shared), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int foreign = (int)syscall(SYS_pidfd_open, getpid(), 0);
  if (shared == MAP_FAILED || newnamespaces() != 0) {
    (void)fprintf(stderr, "no pid namespace of its own: %s\n", strerror(errno));
    return EXIT_FAILURE;
  }
  silence();
  int status = EXIT_FAILURE;
  pid_t first = fork();
  if (first == 0)
    exit(befirst(&o, foreign));
  (void)waitpid(first, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
