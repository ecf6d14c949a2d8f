#include "talk.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "../compat.h"

#include "../linux/end.h"
#include "../linux/sys.h"
#include "block.h"

/* what is slept on: the pidfd, stdin, stdout, stderr */
#define NEVENTS 4


static long long after (long long time) {
  return (time == PFD_FOREVER) ? PFD_FOREVER : pfd_sys_now() + time;
}


/*
** {=====================================================================
** input and output
** ======================================================================
*/

/* the debug library could have replaced the string, from a hook */
static int write (lua_State *L, int input, Talk *t) {
  size_t size = 0;
  const char *data = NULL;
  if (lua_type(L, input) == LUA_TSTRING)
    data = lua_tolstring(L, input, &size);
  return pfd_supply_write(&t->supply, data, size);
}


static int exchange (lua_State *L, int input, Talk *t,
                     const struct pollfd *events) {
  static const char *const steps[] = {"read stdout", "read stderr"};
  int rc = 0;
  if (events[1].revents != 0 && t->supply.fd >= 0) {
    t->step = "write stdin";
    rc = write(L, input, t);
  }
  for (int i = 0; i < 2 && rc == 0; i++)
    if (events[i + 2].revents != 0 && t->captures[i].fd >= 0) {
      t->step = steps[i];
      rc = pfd_capture_read(&t->captures[i]);
    }
  return rc;
}


static int islistening (const Talk *t) {
  return t->captures[0].fd >= 0 || t->captures[1].fd >= 0;
}


/* read what is in the pipes, when nothing more is waited for */
static int readrest (Talk *t) {
  int rc = 0;
  for (int i = 0; i < 2 && rc == 0; i++)
    rc = pfd_capture_readrest(&t->captures[i]);
  return rc;
}

/* }=================================================================== */


/*
** {=====================================================================
** the end
** ======================================================================
*/

/* if another thread has reaped the child, nobody tells what it has used */
static void reap (Talk *t) {
  siginfo_t info = {.si_pid = 0};
  int options = WEXITED | WNOHANG | __WALL;
  int rc = pfd_sys_waitid(t->process.fd, &info, options, &t->usage);
  t->reaped = (rc == 0 && info.si_pid != 0);
}


static int findend (lua_State *L, Talk *t) {
  Found found = PFD_RUNNING;
  End end;
  int rc, tries = 0;
  do
    rc = pfd_end_find(t->process.fd, PFD_PEEK, &end, &found);
  while (pfd_handle_retry(L, rc, &tries));
  t->tells = (found == PFD_RUNNING);
  if (rc < 0 || found != PFD_TOLD)
    return rc;
  t->process.end = end;
  if (!pfd_job_needsleader(&t->process, t->scope))
    reap(t);
  return 0;
}


static int hasended (const Talk *t) {
  return t->process.end.how != PFD_NOTYET;
}


static int signalall (lua_State *L, Talk *t, int sig) {
  int rc, tries = 0;
  do
    rc = pfd_job_signal(&t->process, t->scope, sig);
  while (pfd_handle_retry(L, rc, &tries));
  return rc;
}


/*
** Is the job over? If it is not to be ended, that is: has the program ended?
** In a cgroup of which the processes are killed one by one, some may have been
** missed.
*/
static int isover (lua_State *L, Talk *t) {
  if (!hasended(t) || t->phase == PFD_TALKING)
    return hasended(t);
  int rc = 0, tries = 0;
  if (t->phase == PFD_KILLED && t->scope == PFD_CGROUP)
    rc = signalall(L, t, SIGKILL);
  if (rc < 0)
    return rc;
  do
    rc = pfd_job_isleft(&t->process, t->scope, t->looks);
  while (pfd_handle_retry(L, rc, &tries));
  t->looks++;
  return (rc < 0) ? rc : !rc;
}


/* the next step of ending the job */
static int endjob (lua_State *L, Talk *t) {
  switch (t->phase) {
  case PFD_TALKING:
    t->timedout = 1;
    t->phase = PFD_ASKED;
    t->until = after(t->grace);
    return signalall(L, t, SIGTERM);
  case PFD_ASKED:
    t->phase = PFD_KILLED;
    t->until = after(PFD_LASTWAIT);
    return signalall(L, t, SIGKILL);
  default:
    return -ETIMEDOUT;
  }
}


/* the job is over: is there nothing more to come? 1, 0 or -errno */
static int islast (Talk *t) {
  if (!islistening(t))
    return 1;
  if (!t->lingers)
    t->last = after(t->linger);
  t->lingers = 1;
  if (!pfd_block_past(t->last))
    return 0;
  int rc = readrest(t);
  t->held = islistening(t);
  return (rc < 0) ? rc : 1;
}


/* 1 when all is done, 0 if there is something to wait for, or -errno */
static int proceed (lua_State *L, Talk *t) {
  t->step = "wait";
  int rc = isover(L, t);
  t->over = (rc > 0);
  if (t->over) {
    t->step = "read";
    rc = islast(t);
  }
  if (rc != 0)
    return rc;
  t->step = "kill";
  if (t->phase == PFD_TALKING)
    return pfd_block_past(t->deadline) ? endjob(L, t) : 0;
  return (!t->over && pfd_block_past(t->until)) ? endjob(L, t) : 0;
}

/* }=================================================================== */


/*
** When to look again if no event comes. None comes when a tracer lets go of the
** program, and when the last of a job ends.
*/
static long long nextlook (const Talk *t) {
  long long next = t->last;
  if (!t->over)
    next = (t->phase == PFD_TALKING) ? t->deadline : t->until;
  else if (t->phase == PFD_TALKING)
    next = pfd_block_earlier(t->last, t->deadline);
  int silent = hasended(t) ? !t->over : !t->tells;
  if (silent)
    next = pfd_block_earlier(pfd_block_deadline(PFD_TICK), next);
  return next;
}


/* an interruption is a reason to look at everything */
static int sleepon (Sleeper *s, Talk *t, struct pollfd *events) {
  int tells = !hasended(t) && t->tells;
  int pidfd = tells ? t->process.fd : -1;
  events[0] = (struct pollfd){.fd = pidfd, .events = POLLIN};
  events[1] = (struct pollfd){.fd = t->supply.fd, .events = POLLOUT};
  for (int i = 0; i < 2; i++) {
    int fd = t->captures[i].fd;
    events[i + 2] = (struct pollfd){.fd = fd, .events = POLLIN};
  }
  int rc = pfd_block(s, events, NEVENTS, nextlook(t));
  if (rc == -EINTR || !t->tells)
    for (int i = 0; i < NEVENTS; i++)
      events[i].revents = events[i].events;
  return (rc == -EINTR) ? 0 : rc;
}


/* after a sleep: 1 when all is done, 0, or -errno */
static int act (lua_State *L, int input, Talk *t, const struct pollfd *events) {
  int rc = exchange(L, input, t, events);
  if (rc == 0 && events[0].revents != 0 && !hasended(t)) {
    t->step = "wait";
    rc = findend(L, t);
  }
  return (rc == 0) ? proceed(L, t) : rc;
}


int pfd_talk (lua_State *L, int input, Talk *t) {
  Sleeper s = {.L = L};
  struct pollfd events[NEVENTS];
  int rc = 0;
  t->tells = 1;
  while (rc == 0) {
    t->step = "poll";
    rc = sleepon(&s, t, events);
    if (rc >= 0)
      rc = act(L, input, t, events);
  }
  t->done = (rc > 0);
  if (t->done && !t->reaped)
    reap(t);
  return (rc < 0) ? rc : 0;
}


/* a cgroup takes a descriptor to kill it: so the pipes are closed before */
void pfd_talk_finish (Talk *t) {
  pfd_supply_close(&t->supply);
  for (int i = 0; i < 2; i++)
    pfd_capture_free(&t->captures[i]);
  if (!t->done)
    pfd_job_kill(&t->process, t->scope);
  (void)pfd_handle_close(&t->process);
}
