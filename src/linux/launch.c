#define _GNU_SOURCE /* clone */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "launch.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys.h"

/* room for the child's few calls, and for the dynamic linker's */
#define STACKSIZE 32768

#define BUFFERSIZE 1024

/* for a child that tells nothing, and may have been stopped: 50 us */
#define PATIENCE 50000LL


/*
** How it went: 0, or a negative errno and what it came from. The pointers hold
** in parent and child: their memory is the same, or a copy.
*/
typedef struct Outcome {
  int rc;
  Failure failure;
} Outcome;

/* what parent and child share while the parent is suspended */
typedef struct Birth {
  const Launch *launch;
  pid_t parent;
  int pidfd;       /* of the child; of no meaning if there is none */
  int entercgroup; /* after birth */
  int report;      /* where a child with memory of its own tells, or -1 */
  Outcome outcome;
  char *stack; /* the child's */
} Birth;


static int failed (Birth *b, const char *step, const char *what, int rc) {
  b->outcome = (Outcome){.rc = rc, .failure = {.step = step, .what = what}};
  return rc;
}


/*
** {=====================================================================
** the child; each step returns 0, or a negative errno and tells the parent
** ======================================================================
*/

static void resetsignals (void) {
  for (int sig = 1; sig < NSIG; sig++)
    pfd_sys_defaultsignal(sig);
}


/* unless it was born there */
static int entercgroup (Birth *b) {
  if (!b->entercgroup)
    return 0;
  static const char name[] = "cgroup.procs";
  int file = pfd_sys_openat(b->launch->cgroup, name, O_WRONLY);
  if (file < 0)
    return failed(b, "open", name, file);
  int rc = pfd_sys_write(file, "0", 1);
  return (rc < 0) ? failed(b, "write", name, rc) : 0;
}


static int enterfamily (Birth *b) {
  const Launch *l = b->launch;
  int rc = l->setsid ? pfd_sys_setsid() : 0;
  if (rc < 0)
    return failed(b, "setsid", NULL, rc);
  rc = l->setpgid ? pfd_sys_setpgid(l->pgroup) : 0;
  return (rc < 0) ? failed(b, "setpgid", NULL, rc) : 0;
}


/* groups first: a user who is not root may no longer choose them */
static int changeuser (Birth *b) {
  const Launch *l = b->launch;
  int rc = l->setgroups ? pfd_sys_setgroups(l->ngroups, l->groups) : 0;
  if (rc < 0)
    return failed(b, "setgroups", NULL, rc);
  rc = l->setgid ? pfd_sys_setgid(l->gid) : 0;
  if (rc < 0)
    return failed(b, "setresgid", NULL, rc);
  rc = l->setuid ? pfd_sys_setuid(l->uid) : 0;
  return (rc < 0) ? failed(b, "setresuid", NULL, rc) : 0;
}


/* the kernel forgets pdeathsig when the user changes, so it comes later */
static int restrain (Birth *b) {
  const Launch *l = b->launch;
  int rc = l->nnp ? pfd_sys_nonewprivs() : 0;
  if (rc < 0)
    return failed(b, "prctl", "PR_SET_NO_NEW_PRIVS", rc);
  rc = (l->pdeathsig != 0) ? pfd_sys_pdeathsig(l->pdeathsig) : 0;
  if (rc < 0)
    return failed(b, "prctl", "PR_SET_PDEATHSIG", rc);
  pid_t parent = pfd_sys_getppid(); /* 0: in another pid namespace */
  if (l->pdeathsig != 0 && parent != 0 && parent != b->parent)
    pfd_sys_exit(); /* the parent died before it could be noticed */
  return 0;
}


static int changedirectory (Birth *b) {
  const char *cwd = b->launch->cwd;
  int rc = (cwd != NULL) ? pfd_sys_chdir(cwd) : 0;
  return (rc < 0) ? failed(b, "chdir", cwd, rc) : 0;
}


static int iswanted (const Launch *l, int fd) {
  size_t i = 0;
  while (i < l->nmoves && l->moves[i].to != fd)
    i++;
  return i < l->nmoves;
}


/*
** A source that is another move's target is first saved where no other move
** goes. A target that is free, and taken on the way there, does no harm: its
** own move comes later.
*/
static int savesource (const Launch *l, Move *m) {
  m->safe = m->from;
  while (m->safe != m->to && iswanted(l, m->safe)) {
    int rc = pfd_sys_dup(m->safe);
    if (rc < 0)
      return rc;
    m->safe = rc;
  }
  return 0;
}


/* likewise, and out of the way of all moves */
static int savereport (Birth *b) {
  while (b->report >= 0 && iswanted(b->launch, b->report)) {
    int rc = pfd_sys_dup(b->report);
    if (rc < 0)
      return failed(b, "dup", NULL, rc);
    b->report = rc;
  }
  return 0;
}


static int movedescriptors (Birth *b) {
  const Launch *l = b->launch;
  for (Move *m = l->moves; m < l->moves + l->nmoves; m++) {
    int rc = savesource(l, m);
    if (rc < 0)
      return failed(b, "dup", m->name, rc);
  }
  for (Move *m = l->moves; m < l->moves + l->nmoves; m++) {
    int rc = pfd_sys_dupto(m->safe, m->to);
    if (rc < 0)
      return failed(b, "dup", m->name, rc);
  }
  return 0;
}


/* no function of the C library: they know of locales and locks */
static int tonumber (const char *digits) {
  int n = 0;
  for (; *digits != '\0'; digits++)
    n = 10 * n + (*digits - '0');
  return n;
}


/* close what one buffer of the directory names and the child does not want */
static void closeentries (const Birth *b, int dir, const char *buffer,
                          int size) {
  const Entry *entry;
  for (int at = 0; at < size; at += entry->length) {
    entry = (const Entry *)(const void *)(buffer + at);
    if (entry->name[0] == '.')
      continue;
    int fd = tonumber(entry->name);
    if (fd != dir && fd != b->report && !iswanted(b->launch, fd))
      (void)pfd_sys_close(fd);
  }
}


/* before Linux 5.9, or where a seccomp filter refuses close_range(2) */
static int closelisted (Birth *b) {
  static const char path[] = "/proc/self/fd";
  _Alignas(Entry) char buffer[BUFFERSIZE];
  int dir = pfd_sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
  if (dir < 0)
    return failed(b, "open", path, dir);
  int size;
  while ((size = pfd_sys_getdents(dir, buffer, sizeof(buffer))) > 0)
    closeentries(b, dir, buffer, size);
  /* 'dir' is close-on-exec */
  return (size < 0) ? failed(b, "getdents64", path, size) : 0;
}


/* but for where to tell, which is close-on-exec; there is none at ~0U */
static int closegap (const Birth *b, unsigned int first, unsigned int last) {
  unsigned int report = (unsigned int)b->report;
  if (report < first || report > last)
    return pfd_sys_close_range(first, last);
  int rc = (report > first) ? pfd_sys_close_range(first, report - 1) : 0;
  if (rc < 0 || report == last)
    return rc;
  return pfd_sys_close_range(report + 1, last);
}


/* the gaps between the targets, and all above the last */
static int closeothers (Birth *b) {
  const Launch *l = b->launch;
  unsigned int next = 0;
  int rc = 0;
  for (size_t i = 0; i < l->nmoves && rc == 0; i++) {
    unsigned int to = (unsigned int)l->moves[i].to;
    if (to > next)
      rc = closegap(b, next, to - 1);
    next = to + 1;
  }
  if (rc == 0)
    rc = closegap(b, next, ~0U);
  return (rc < 0) ? closelisted(b) : 0;
}


/* nothing is there, or the file server does not answer */
static int isabsent (int rc) {
  return rc == -ENOENT || rc == -ENOTDIR || rc == -ESTALE || rc == -ENODEV ||
         rc == -ETIMEDOUT;
}


/* as execvp(3): one without permission is told of if there is no other */
static int search (Birth *b) {
  const Launch *l = b->launch;
  const char *what = l->argv[0];
  int rc = -ENOENT;
  for (const char *const *file = l->files; *file != NULL; file++) {
    int tried = pfd_sys_exec(*file, l->argv, l->envp);
    if (isabsent(tried))
      continue;
    what = *file;
    rc = tried;
    if (rc != -EACCES)
      break;
  }
  return failed(b, "execve", what, rc);
}


static int execute (Birth *b) {
  const Launch *l = b->launch;
  if (l->files[1] != NULL)
    return search(b);
  int rc = pfd_sys_exec(l->files[0], l->argv, l->envp);
  return failed(b, "execve", l->files[0], rc);
}


/*
** Handlers before the mask, or one of the parent's could run here. The mask
** as late as can be: a signal that stops the child, as Ctrl-Z does, stops the
** parent with it, where the memory is shared, until somebody has it go on.
*/
static int child (void *birth) {
  Birth *b = (Birth *)birth;
  resetsignals();
  if (entercgroup(b) == 0 && enterfamily(b) == 0 && savereport(b) == 0 &&
      movedescriptors(b) == 0 && closeothers(b) == 0 && changeuser(b) == 0 &&
      restrain(b) == 0 && changedirectory(b) == 0) {
    pfd_sys_unblocksignals();
    (void)execute(b);
  }
  if (b->report >= 0)
    (void)pfd_sys_write(b->report, &b->outcome, sizeof(Outcome));
  pfd_sys_exit();
  return 0;
}

/* }=================================================================== */


/*
** {=====================================================================
** the parent
** ======================================================================
*/

static int born (Birth *b) {
  char *stack = b->stack + STACKSIZE;
  if (b->report < 0)
    return pfd_sys_vfork(child, b, stack, &b->pidfd);
  return pfd_sys_fork(child, b, stack, &b->pidfd);
}


/* what only clone3(2) can do */
static int bornwith (Birth *b, unsigned long long flags) {
  CloneArgs args = {
    .flags = flags | CLONE_PIDFD,
    .pidfd = (__u64)(size_t)&b->pidfd,
    .exit_signal = (flags & CLONE_AUTOREAP) ? 0 : SIGCHLD,
    .stack = (__u64)(size_t)b->stack,
    .stack_size = STACKSIZE,
    .cgroup = (flags & CLONE_INTO_CGROUP) ? (__u64)b->launch->cgroup : 0,
  };
  if (b->report < 0)
    args.flags |= CLONE_VM | CLONE_VFORK;
  return pfd_sys_clone3(&args, child, b);
}


/* the kernel is too old for clone3(2), or a seccomp filter refuses it */
static int isrefused (int rc) {
  return rc == -ENOSYS || rc == -EPERM || rc == -E2BIG;
}


/* the cgroup can be entered later too, though at a higher price */
static int bornsomehow (Birth *b) {
  const Launch *l = b->launch;
  unsigned long long flags = l->autoreap ? CLONE_AUTOREAP : 0;
  if (l->autokill)
    flags |= CLONE_PIDFD_AUTOKILL | (l->nnp ? CLONE_NNP : 0);
  if (flags != 0 && l->cgroup < 0)
    return bornwith(b, flags);
  if (l->cgroup < 0)
    return born(b);
  int rc = bornwith(b, flags | CLONE_INTO_CGROUP);
  b->entercgroup = (flags == 0 && isrefused(rc));
  return b->entercgroup ? born(b) : rc;
}


static void failclone (Birth *b, int rc) {
  int newest = b->launch->autoreap || b->launch->autokill;
  (void)failed(b, "clone", newest ? "autoreap, autokill" : NULL, rc);
  if (b->launch->autoreap && rc == -EINVAL)
    b->outcome.failure.since = "7.1";
}


/* with all signals blocked, or the child would run handlers in our memory */
static int bear (Birth *b) {
  sigset_t mask;
  pfd_sys_blocksignals(&mask);
  int rc = bornsomehow(b);
  pfd_sys_setsignals(&mask);
  if (rc < 0)
    failclone(b, rc);
  return rc;
}


static int isstopped (int pidfd) {
  siginfo_t info = {.si_pid = 0};
  (void)pfd_sys_waitid(pidfd, &info, WSTOPPED | WNOHANG | WNOWAIT, NULL);
  return info.si_pid != 0;
}


/*
** Nothing is told, and the pipe closed, when the program runs. Until then
** the child's new user may have stopped it, so it is told to go on; but not
** if it was the program that stopped. Its end is looked at first: whatever
** the child told is in the pipe then.
*/
static void hear (Birth *b, int pipe) {
  struct pollfd events[] = {{.fd = b->pidfd, .events = POLLIN},
                            {.fd = pipe, .events = POLLIN}};
  while (pfd_sys_poll(events, 2, PATIENCE, NULL) <= 0)
    if (isstopped(b->pidfd) && pfd_sys_poll(events, 2, 0, NULL) <= 0)
      (void)pfd_sys_send_signal(b->pidfd, SIGCONT, NULL, 0);
  if (events[1].revents != 0)
    (void)pfd_sys_read(pipe, &b->outcome, sizeof(Outcome));
}


/* of a child with memory of its own */
static int bearapart (Birth *b) {
  int ends[2];
  int rc = pfd_sys_pipe(ends);
  if (rc < 0)
    return failed(b, "pipe2", NULL, rc);
  b->report = ends[1];
  rc = bear(b);
  (void)pfd_sys_close(ends[1]);
  if (rc >= 0)
    hear(b, ends[0]);
  (void)pfd_sys_close(ends[0]);
  return rc;
}


/*
** The program was never run: leave no zombie and no descriptor. The child is
** about to end; but here, too, its new user may have stopped it.
*/
static void bury (int pidfd) {
  siginfo_t info;
  int rc;
  (void)pfd_sys_send_signal(pidfd, SIGKILL, NULL, 0);
  do
    rc = pfd_sys_waitid(pidfd, &info, WEXITED | __WALL, NULL);
  while (rc == -EINTR);
  (void)pfd_sys_close(pidfd);
}


int pfd_launch (const Launch *launch, Failure *failure) {
  _Alignas(16) char stack[STACKSIZE];
  Launch now = *launch;
  if (now.envp == NULL)
    now.envp = (const char *const *)environ;
  Birth b = {
    .launch = &now, .parent = pfd_sys_getpid(), .report = -1, .stack = stack};
  int apart = launch->setgid || launch->setuid;
  int rc = apart ? bearapart(&b) : bear(&b);
  if (rc >= 0 && b.outcome.rc < 0)
    bury(b.pidfd);
  *failure = b.outcome.failure;
  return (b.outcome.rc < 0) ? b.outcome.rc : b.pidfd;
}

/* }=================================================================== */
