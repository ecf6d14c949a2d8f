#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "sys.h"

/* the child ended by SIGSYS; no errno is as small */
#define KILLED (-100000)

#define LINKSIZE 64

/* the pid namespaces of this process, and of its next child */
#define OWN "/proc/thread-self/ns/pid"
#define NEXT "/proc/thread-self/ns/pid_for_children"

/* instead of a pidfd: none, or one that the child opens for itself */
#define NONE (-1)
#define OPEN (-2)


typedef struct Probe {
  Question question;
  int self;
  int dumps; /* may it leave a core dump? */
} Probe;


int pfd_probe_isscarce (int rc) {
  return rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM || rc == -ENOBUFS ||
         rc == -EAGAIN || rc == -EINTR;
}


/*
** Would the next child be the first process of a new pid namespace? When the
** first one ends, the kernel kills all others there, and lets no new one in.
** The link is missing until there is a first one; since Linux 7.2 it is there,
** and an ioctl finds no process 1. Returns 1 or 0, or -errno.
*/
static int isfirst (void) {
  char own[LINKSIZE], next[LINKSIZE];
  int ownsize = pfd_sys_readlinkat(AT_FDCWD, OWN, own, sizeof(own));
  int nextsize = pfd_sys_readlinkat(AT_FDCWD, NEXT, next, sizeof(next));
  if (pfd_probe_isscarce(ownsize))
    return ownsize;
  if (pfd_probe_isscarce(nextsize))
    return nextsize;
  if (ownsize <= 0 || nextsize < 0)
    return ownsize > 0 && nextsize == -ENOENT;
  if (ownsize == nextsize && memcmp(own, next, (size_t)ownsize) == 0)
    return 0;
  int pidns = pfd_sys_openat(AT_FDCWD, NEXT, O_RDONLY);
  if (pidns < 0)
    return pfd_probe_isscarce(pidns) ? pidns : pidns == -ENOENT;
  int rc = pfd_sys_translate(pidns, NS_GET_PID_FROM_PIDNS, 1);
  (void)pfd_sys_close(pidns);
  return rc == -ESRCH;
}


/* 'self' is opened, asked about, and closed: there may be no child */
static int askofself (Question question) {
  int self = pfd_sys_open(pfd_sys_getpid(), 0);
  if (self < 0)
    return pfd_probe_isscarce(self) ? self : 0;
  int rc = question(self);
  (void)pfd_sys_close(self);
  return rc;
}


static int put (Question question, int self) {
  return (self == OPEN) ? askofself(question) : question(self);
}


/* with all signals blocked, SIGSYS ends the child even if it has a handler */
static int start (const Probe *p, int *pidfd) {
  sigset_t mask;
  pfd_sys_blocksignals(&mask);
  int rc = pfd_sys_copy(pidfd);
  if (rc == 0) {
    if (!p->dumps)
      pfd_sys_nodump();
    rc = put(p->question, p->self);
    pfd_sys_quit((rc < 0) ? -rc : rc);
  }
  pfd_sys_setsignals(&mask);
  return rc;
}


/*
** Signals may interrupt this, and are then blocked. If it is still interrupted,
** the EINTR comes from a seccomp filter, which would answer it for ever.
*/
static int reap (pid_t pid, int *status) {
  sigset_t mask;
  int rc = pfd_sys_reap(pid, status);
  if (rc != -EAGAIN)
    return rc;
  pfd_sys_blocksignals(&mask);
  rc = pfd_sys_reap(pid, status);
  pfd_sys_setsignals(&mask);
  return rc;
}


static int finish (pid_t pid) {
  int status = 0;
  int rc = reap(pid, &status);
  if (rc < 0)
    return rc;
  if (WIFSIGNALED(status))
    return (WTERMSIG(status) == SIGSYS) ? KILLED : -EAGAIN;
  int answer = WEXITSTATUS(status);
  return (answer > 1) ? -answer : answer;
}


static int ask (const Probe *p) {
  int pid = start(p, NULL);
  return (pid < 0) ? pid : finish(pid);
}


static int nothing (int self) {
  (void)self;
  return 0;
}


/* if it is the call against core dumps that kills, do without it */
static int probe (Question question, int self) {
  int first = isfirst();
  if (first != 0)
    return (first < 0) ? first : put(question, self);
  Probe p = {.question = question, .self = self};
  Probe empty = {.question = nothing};
  int rc = ask(&p);
  if (rc == KILLED && ask(&empty) == KILLED) {
    p.dumps = 1;
    rc = ask(&p);
  }
  if (rc == -EINTR) /* of a filter: no question can be interrupted */
    return -EAGAIN;
  return (rc == KILLED) ? 0 : rc;
}


int pfd_probe (Question question) {
  return probe(question, NONE);
}


/* one more child, which ends at once: until it is reaped, it can be asked of */
static int probeborn (Question question) {
  Probe empty = {.question = nothing, .dumps = 1};
  int pidfd = -1;
  int first = isfirst();
  if (first > 0)
    return 0;
  int pid = (first < 0) ? first : start(&empty, &pidfd);
  if (pid < 0)
    return pfd_probe_isscarce(pid) ? pid : 0;
  int rc = probe(question, pidfd);
  (void)pfd_sys_close(pidfd);
  (void)finish(pid);
  return rc;
}


int pfd_probe_pidfd (Question question) {
  int rc = probe(question, OPEN);
  return (rc == 0) ? probeborn(question) : rc;
}
