#define _GNU_SOURCE /* P_PIDFD */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "launch.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "clone.h"
#include "interpreter.h"
#include "kill.h"
#include "process.h"
#include "sys.h"
#include "world.h"

/*
** How long to wait at first, before looking whether the child was stopped. A
** child with another user can be stopped by that user, again and again.
*/
#define SHORTPATIENCE 50000LL    /* 50 us */
#define PATIENCE 2000000LL       /* 2 ms */
#define LONGPATIENCE 100000000LL /* 100 ms */

/* after so many looks in vain, /proc is asked whether the program runs */
#define MANYLOOKS 8

/* the link of a namespace, and the beginning of /proc/PID/stat */
#define NAMESIZE 64
#define STATSIZE 512

/* PF_FORKNOEXEC in /proc/PID/stat: a process that has executed nothing yet */
#define FORKNOEXEC 0x40UL


/*
** {=====================================================================
** failures
** ======================================================================
*/

static const char *const stepnames[] = {
  [PFD_STEP_GO] = "read",          [PFD_STEP_CGROUP] = "cgroup",
  [PFD_STEP_SETSID] = "setsid",    [PFD_STEP_SETPGID] = "setpgid",
  [PFD_STEP_REPORT] = "dup",       [PFD_STEP_DUP] = "dup",
  [PFD_STEP_OPENDIR] = "open",     [PFD_STEP_READDIR] = "getdents64",
  [PFD_STEP_CTTY] = "ioctl",       [PFD_STEP_NICE] = "setpriority",
  [PFD_STEP_OPENOOM] = "open",     [PFD_STEP_WRITEOOM] = "write",
  [PFD_STEP_LIMIT] = "setrlimit",  [PFD_STEP_SETGROUPS] = "setgroups",
  [PFD_STEP_SETGID] = "setresgid", [PFD_STEP_SETUID] = "setresuid",
  [PFD_STEP_NNP] = "prctl",        [PFD_STEP_PDEATHSIG] = "prctl",
  [PFD_STEP_CHDIR] = "chdir",      [PFD_STEP_EXECVE] = "execve",
};


static void fail (Launching *l, const char *step, const char *what, int rc) {
  l->decided = 1;
  l->rc = rc;
  l->failure.step = step;
  l->failure.what = what;
}


/* what the step was about */
static const char *subject (const Launch *l, const Outcome *o) {
  switch (o->step) {
  case PFD_STEP_CGROUP:
    return l->cgroupname;
  case PFD_STEP_DUP:
    return l->moves[o->index].name;
  case PFD_STEP_OPENDIR:
  case PFD_STEP_READDIR:
    return "/proc/self/fd";
  case PFD_STEP_CTTY:
    return "TIOCSCTTY";
  case PFD_STEP_OPENOOM:
  case PFD_STEP_WRITEOOM:
    return "/proc/self/oom_score_adj";
  case PFD_STEP_LIMIT:
    return l->limits[o->index].name;
  case PFD_STEP_NNP:
    return "PR_SET_NO_NEW_PRIVS";
  case PFD_STEP_PDEATHSIG:
    return "PR_SET_PDEATHSIG";
  case PFD_STEP_CHDIR:
    return l->cwd;
  case PFD_STEP_EXECVE:
    return (o->index < 0) ? l->argv[0] : l->files[o->index];
  default:
    return NULL;
  }
}


static void failchild (Launching *l, const Outcome *o) {
  fail(l, stepnames[o->step], subject(l->launch, o), o->rc);
  if (o->step == PFD_STEP_EXECVE)
    pfd_interpreter_explain(l->launch, o->index, o->rc, &l->failure);
}


/*
** With CLONE_INTO_CGROUP these are the cgroup's: it is no cgroup v2, has
** controllers enabled for its children, is threaded or below one that is, may
** not be entered, was removed.
*/
static int iscgroups (int rc) {
  return rc == -EBADF || rc == -EBUSY || rc == -EOPNOTSUPP || rc == -EACCES ||
         rc == -ENOENT || rc == -ENODEV;
}


/* are our children in another pid namespace, by setns(2) or unshare(2)? */
static int arechildrenapart (void) {
  char ours[NAMESIZE] = "", theirs[NAMESIZE] = "";
  (void)pfd_sys_readlinkat(AT_FDCWD, "/proc/thread-self/ns/pid", ours,
                           sizeof(ours) - 1);
  (void)pfd_sys_readlinkat(AT_FDCWD, "/proc/thread-self/ns/pid_for_children",
                           theirs, sizeof(theirs) - 1);
  return theirs[0] != '\0' && strcmp(ours, theirs) != 0;
}


static void failclone (Launching *l, int rc) {
  const Launch *launch = l->launch;
  if (launch->cgroup >= 0 && iscgroups(rc)) {
    fail(l, stepnames[PFD_STEP_CGROUP], launch->cgroupname, rc);
    return;
  }
  int newest = launch->autoreap || launch->autokill;
  fail(l, "clone", newest ? "autoreap, autokill" : NULL, rc);
  if (launch->autoreap && rc == -EINVAL)
    l->failure.since = "7.1";
  if (rc == -ENOMEM && arechildrenapart())
    (void)snprintf(l->failure.hint, sizeof(l->failure.hint),
                   "has the init process of their pid namespace ended?");
}

/* }=================================================================== */


static int start (Launching *l, World *w) {
  int ends[2];
  int rc = pfd_sys_pipe(ends);
  if (rc < 0) {
    fail(l, "pipe2", NULL, rc);
    return rc;
  }
  w->run = pfd_child_run;
  w->parent = pfd_sys_getpid();
  w->report = ends[1];
  rc = pfd_clone(w, ends[0]);
  if (!w->closed)
    (void)pfd_sys_close(ends[1]);
  l->report = ends[0];
  l->pidfd = w->pidfd;
  l->shared = w->shared;
  if (rc >= 0)
    return rc;
  (void)pfd_sys_close(ends[0]);
  /* a child was cloned, has failed, and was killed: report its failure */
  if (w->outcome.rc != 0)
    failchild(l, &w->outcome);
  else
    failclone(l, rc);
  return l->rc;
}


int pfd_launch_start (Launching *l, const Launch *launch) {
  pfd_kill_reap();
  *l = (Launching){.launch = launch, .pidfd = -1, .report = -1};
  Launch now = *launch;
  if (now.envp == NULL)
    now.envp = (const char *const *)environ;
  World *w = pfd_world_new(&now);
  if (w == NULL) {
    fail(l, "mmap", NULL, -ENOMEM);
    return -ENOMEM;
  }
  int rc = start(l, w);
  if (rc < 0)
    pfd_world_free(w);
  else
    l->world = w;
  return rc;
}


long long pfd_launch_patience (const Launching *l) {
  long long patience = l->shared ? PATIENCE : SHORTPATIENCE;
  for (int i = 0; i < l->looks && patience < LONGPATIENCE; i++)
    patience *= 2;
  return (patience < LONGPATIENCE) ? patience : LONGPATIENCE;
}


void pfd_launch_events (const Launching *l, struct pollfd events[2]) {
  events[0] = (struct pollfd){.fd = l->report, .events = POLLIN};
  events[1] = (struct pollfd){.fd = l->pidfd, .events = POLLIN};
}


void pfd_launch_giveup (Launching *l, const char *step, int rc) {
  fail(l, step, NULL, rc);
}


/* the child no longer runs our code, or all that it will do is to end */
static void decide (Launching *l) {
  if (l->world->outcome.rc != 0)
    failchild(l, &l->world->outcome);
  l->decided = 1;
}


/*
** One byte if the child has failed; the end of the pipe if it runs its program
** or has ended. If the byte cannot be read, 'outcome' still tells of a failure.
*/
static void readreport (Launching *l) {
  char byte;
  int rc = pfd_sys_readfile(l->report, &byte, 1);
  if (rc < 0 && l->world->outcome.rc == 0)
    fail(l, "read", "the child's report", rc);
  else
    decide(l);
}


/* field 9 of a line in which field 2 is "(any name)", spaces included */
static int hasexecuted (int pidfd) {
  char text[STATSIZE];
  int file = pfd_process_open(pidfd, "stat", O_RDONLY);
  if (file < 0)
    return 0;
  int length = pfd_sys_readfile(file, text, sizeof(text) - 1);
  (void)pfd_sys_close(file);
  text[(length > 0) ? length : 0] = '\0';
  const char *at = strrchr(text, ')');
  for (int field = 2; field < 9 && at != NULL; field++)
    at = strchr(at + 1, ' ');
  return at != NULL && (strtoul(at, NULL, 10) & FORKNOEXEC) == 0;
}


/*
** Does the child no longer run our code? If it shares our memory, the kernel
** clears 'tid' then. Otherwise the end of the pipe tells; but another thread
** may just have forked a process, which holds the pipe open. So /proc is asked
** as well. That is slow: only if the child was stopped, or after many looks.
*/
static int hasleft (const Launching *l, int stopped) {
  struct pollfd events[2];
  if (l->shared && l->world->tid == 0)
    return 1;
  pfd_launch_events(l, events);
  if (pfd_sys_pollnow(events, 2) > 0)
    return 1;
  return !l->shared && (stopped || l->looks > MANYLOOKS) &&
         hasexecuted(l->pidfd);
}


static int isstopped (int pidfd) {
  siginfo_t info = {.si_pid = 0};
  (void)pfd_sys_waitid(pidfd, &info, WSTOPPED | WNOHANG | WNOWAIT | __WALL,
                       NULL);
  return info.si_pid != 0;
}


/*
** Nothing was in the pipe. If the child is stopped, and a look after that shows
** that it still runs our code, then it was stopped before its program ran, and
** has to go on. If it has failed, but is kept from writing its report, the
** failure stands in its world.
*/
static void findwhy (Launching *l) {
  int stopped = isstopped(l->pidfd);
  int left = hasleft(l, stopped);
  l->looks++;
  if (left || l->world->outcome.rc != 0)
    decide(l);
  else if (stopped)
    (void)pfd_sys_send_signal(l->pidfd, SIGCONT, NULL, 0);
}


int pfd_launch_look (Launching *l, const struct pollfd events[2]) {
  if (!l->decided && events[0].revents != 0)
    readreport(l);
  else if (!l->decided)
    findwhy(l);
  return l->decided;
}


/*
** A new descriptor has the lowest number that is free. The pipe had lower
** numbers than the pidfd, and is closed by now: move the pidfd down.
*/
static int renumber (int fd) {
  int lowest = pfd_sys_dup(fd);
  int isbetter = lowest >= 0 && lowest < fd;
  if (lowest >= 0)
    (void)pfd_sys_close(isbetter ? fd : lowest);
  return isbetter ? lowest : fd;
}


/* the mapping is used again when the child does not use it any more */
int pfd_launch_finish (Launching *l) {
  World *world = l->world;
  l->world = NULL;
  if (!l->decided)
    fail(l, "clone", NULL, -EINTR);
  (void)pfd_sys_close(l->report);
  if (l->rc < 0) {
    pfd_kill(l->pidfd, world);
    return l->rc;
  }
  pfd_world_free(world);
  return renumber(l->pidfd);
}
