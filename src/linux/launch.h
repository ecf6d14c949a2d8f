/*
** Starting a program. The child shares the memory of this process until it
** runs the program (clone(2), CLONE_VM), so that the cost does not grow with
** that memory, and it has its pidfd from the start (CLONE_PIDFD), so that
** there is no moment at which its number could be somebody else's.
**
** Parent and child run at the same time; this process does not sleep in
** vfork(2), where no signal could reach it. It waits in poll(2), with its own
** signal mask, for the child's report: a pipe that the kernel closes when the
** program runs or the child ends, and on which a child that has failed writes a
** byte. What went wrong stands in memory that both have, whatever happens to
** the pipe. So it can give up at any moment: it kills the child.
**
** All that the child reads and writes, its stack too, is in one mapping that
** belongs to the launch (world.h). So nobody's stack or heap has to outlive the
** child, and no memory of this process changes under its threads. The child
** makes raw system calls and nothing else (child.h, raw.h).
**
** A child that changes its user or group gets a copy of the memory instead, as
** by fork(2). Otherwise the kernel would make the memory undumpable, which is
** this process's as well. The same for one that changes its oom_score_adj: the
** kernel gives all processes that share a memory the same one.
**
** Knows no Lua. The caller starts, then sleeps and looks until it is decided,
** then finishes; Lua's hooks run where it sleeps.
*/

#ifndef pfd_launch_h
#define pfd_launch_h

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

#pragma GCC visibility push(hidden)


/* descriptor 'from' of this process is to be 'to' in the child */
typedef struct Move {
  int from, to;
  int safe;         /* for the child: where it is on its way */
  const char *name; /* for the message if it fails */
} Move;

/* a set of signals, in the kernel's layout */
typedef unsigned long long Signals;

#define PFD_SIGNALBIT(sig) (1ULL << ((sig)-1))

/*
** What a terminal sends when it closes, and on its keys. If this process
** ignores one of them, somebody has arranged that for its children, too, as
** nohup(1) does, and a shell for what it runs in the background.
*/
#define PFD_KEEPSIGNALS                                                        \
  (PFD_SIGNALBIT(SIGHUP) | PFD_SIGNALBIT(SIGINT) | PFD_SIGNALBIT(SIGQUIT))

/* a limit of setrlimit(2) */
typedef struct Limit {
  int resource;
  const char *name;              /* for the message if it fails */
  unsigned long long soft, hard; /* PFD_UNLIMITED: none */
} Limit;

#define PFD_UNLIMITED (~0ULL)

/* room for "-1000" */
#define PFD_OOMSIZE 8

typedef struct Launch {
  const char *const *files; /* to be tried in this order; NULL at the end */
  const char *const *argv;
  const char *const *envp;    /* NULL: environ, as it is at the launch */
  const char *const *changes; /* to that: "name=value", "name" to remove it */
  const char *cwd;            /* NULL: stay */

  Move *moves; /* in the order of 'to'; all others are closed */
  size_t nmoves;

  Signals keepsignals; /* those that stay ignored if they are ignored here */

  int setsid;
  int setpgid;
  pid_t pgroup;
  int pdeathsig; /* 0: none */
  int setctty;
  int ctty; /* the child's descriptor */

  int setumask;
  unsigned int umask;
  int nice; /* is added; 0: stay */
  const Limit *limits;
  size_t nlimits;
  char oom[PFD_OOMSIZE]; /* a number, in so many bytes; 0: stay */
  size_t oomlength;

  int setgroups, setgid, setuid;
  const gid_t *groups;
  size_t ngroups;
  gid_t gid;
  uid_t uid;
  int nnp;

  int cgroup;             /* descriptor of a directory; -1: stay */
  const char *cgroupname; /* for messages */
  int autoreap, autokill;
} Launch;

#define PFD_HINTSIZE 320

typedef struct Failure {
  const char *step;
  const char *what;        /* what it was about, or NULL */
  const char *since;       /* the Linux that can do it, or NULL */
  char hint[PFD_HINTSIZE]; /* more about the reason; may be empty */
} Failure;

/* how far it is; belongs to the functions below */
typedef struct Launching {
  const Launch *launch;
  struct World *world; /* NULL: nothing is going on */
  int pidfd, report;   /* our end of the pipe */
  int shared;          /* the child shares our memory */
  int looks;           /* in vain */
  int decided;         /* the program runs, the child has ended, or it failed */
  int rc;              /* a negative errno if it failed */
  Failure failure;
} Launching;


/*
** Clone the child. Returns 0; or -errno, and 'failure' in 'l' says why. After
** 0 the others are called, 'finish' once and last, whatever happens.
*/
int pfd_launch_start (Launching *l, const Launch *launch);

/* how long to sleep, in nanoseconds, before the next look */
long long pfd_launch_patience (const Launching *l);

/* what to sleep on */
void pfd_launch_events (const Launching *l, struct pollfd events[2]);

/*
** Look, after a sleep with these events. Returns whether it is decided. If
** nothing has happened, find out why, and have a child that was stopped go on.
*/
int pfd_launch_look (Launching *l, const struct pollfd events[2]);

/* the sleep fails with this -errno: it is decided, the program does not run */
void pfd_launch_giveup (Launching *l, const char *step, int rc);

/*
** The pidfd if the program runs or the child has ended; else the child is
** ended, as kill.h has it: -errno, and 'failure' says why. If nothing is
** decided, the errno is EINTR.
*/
int pfd_launch_finish (Launching *l);


#pragma GCC visibility pop

#endif
