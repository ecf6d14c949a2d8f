#define _GNU_SOURCE /* clone */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "launch.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "sys.h"

/* room for the child's few calls, and for the dynamic linker's */
#define STACKSIZE 32768

#define BUFFERSIZE 1024


/* what parent and child share while the parent is suspended */
typedef struct Birth {
  const Launch *launch;
  pid_t parent;
  int pidfd;       /* of the child; of no meaning if there is none */
  int entercgroup; /* after birth */
  int rc;
  Failure failure;
  _Alignas(16) char stack[STACKSIZE]; /* the child's */
} Birth;


static int failed (Birth *b, const char *step, const char *what, int rc) {
  b->failure = (Failure){.step = step, .what = what};
  b->rc = rc;
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
  int file = pfd_sys_openat(b->launch->cgroup, "cgroup.procs", O_WRONLY);
  int rc = (file < 0) ? file : pfd_sys_write(file, "0", 1);
  return (rc < 0) ? failed(b, "cgroup", NULL, rc) : 0;
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
    return failed(b, "setgid", NULL, rc);
  rc = l->setuid ? pfd_sys_setuid(l->uid) : 0;
  return (rc < 0) ? failed(b, "setuid", NULL, rc) : 0;
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
  if (l->pdeathsig != 0 && pfd_sys_getppid() != b->parent)
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


/* close what one buffer of the directory names and the child does not want */
static void closeentries (const Launch *l, int dir, const char *buffer,
                          int size) {
  const Entry *entry;
  for (int at = 0; at < size; at += entry->length) {
    entry = (const Entry *)(const void *)(buffer + at);
    int fd = (int)strtol(entry->name, NULL, 10); /* 0 for "." and ".." */
    if (entry->name[0] != '.' && fd != dir && !iswanted(l, fd))
      (void)pfd_sys_close(fd);
  }
}


/* before Linux 5.9, or where a seccomp filter refuses close_range(2) */
static int closelisted (const Launch *l) {
  _Alignas(Entry) char buffer[BUFFERSIZE];
  int dir = pfd_sys_openat(AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY);
  if (dir < 0)
    return dir;
  int size;
  while ((size = pfd_sys_getdents(dir, buffer, sizeof(buffer))) > 0)
    closeentries(l, dir, buffer, size);
  return size; /* 'dir' is close-on-exec */
}


/* the gaps between the targets, and all above the last */
static int closeothers (Birth *b) {
  const Launch *l = b->launch;
  unsigned int next = 0;
  int rc = 0;
  for (size_t i = 0; i < l->nmoves && rc == 0; i++) {
    unsigned int to = (unsigned int)l->moves[i].to;
    if (to > next)
      rc = pfd_sys_close_range(next, to - 1);
    next = to + 1;
  }
  if (rc == 0)
    rc = pfd_sys_close_range(next, ~0U);
  if (rc < 0)
    rc = closelisted(l);
  return (rc < 0) ? failed(b, "close_range", NULL, rc) : 0;
}


/* as execvp(3): one without permission is told of if there is no other */
static int search (Birth *b) {
  const Launch *l = b->launch;
  const char *what = l->argv[0];
  int rc = -ENOENT;
  for (const char *const *file = l->files; *file != NULL; file++) {
    int tried = pfd_sys_exec(*file, l->argv, l->envp);
    if (tried == -ENOENT || tried == -ENOTDIR)
      continue;
    what = *file;
    rc = tried;
    if (rc != -EACCES)
      break;
  }
  return failed(b, "exec", what, rc);
}


static int execute (Birth *b) {
  const Launch *l = b->launch;
  if (l->files[1] != NULL)
    return search(b);
  int rc = pfd_sys_exec(l->files[0], l->argv, l->envp);
  return failed(b, "exec", l->files[0], rc);
}


/* handlers before the mask, or one of the parent's could run here */
static int child (void *birth) {
  Birth *b = (Birth *)birth;
  resetsignals();
  pfd_sys_unblocksignals();
  if (entercgroup(b) == 0 && enterfamily(b) == 0 && changeuser(b) == 0 &&
      restrain(b) == 0 && changedirectory(b) == 0 && movedescriptors(b) == 0 &&
      closeothers(b) == 0)
    (void)execute(b);
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
  return pfd_sys_clone(child, b, b->stack + STACKSIZE, &b->pidfd);
}


/* what only clone3(2) can do */
static int bornwith (Birth *b, unsigned long long flags) {
  CloneArgs args = {
    .flags = flags | CLONE_VM | CLONE_VFORK | CLONE_PIDFD,
    .pidfd = (__u64)(size_t)&b->pidfd,
    .exit_signal = (flags & CLONE_AUTOREAP) ? 0 : SIGCHLD,
    .stack = (__u64)(size_t)b->stack,
    .stack_size = STACKSIZE,
    .cgroup = (flags & CLONE_INTO_CGROUP) ? (__u64)b->launch->cgroup : 0,
  };
  return pfd_sys_clone3(&args, child, b);
}


/* the kernel is too old for clone3(2), or a seccomp filter refuses it */
static int isrefused (int rc) {
  return rc == -ENOSYS || rc == -EPERM;
}


/* the cgroup can be entered later too, though at a higher price */
static int bear (Birth *b) {
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
  if (newest && (rc == -EINVAL || rc == -ENOSYS))
    b->failure.since = "7.1";
}


/* the program was never run: leave no zombie and no descriptor */
static void bury (int pidfd) {
  siginfo_t info;
  (void)pfd_sys_waitid(pidfd, &info, WEXITED | __WALL, NULL);
  (void)pfd_sys_close(pidfd);
}


/* with all signals blocked, or the child would run handlers in our memory */
int pfd_launch (const Launch *launch, Failure *failure) {
  Birth b = {.launch = launch, .parent = pfd_sys_getpid()};
  sigset_t mask;
  pfd_sys_blocksignals(&mask);
  int rc = bear(&b);
  if (rc < 0)
    failclone(&b, rc);
  else if (b.rc < 0)
    bury(b.pidfd);
  pfd_sys_setsignals(&mask);
  *failure = b.failure;
  return (b.rc < 0) ? b.rc : b.pidfd;
}

/* }=================================================================== */
