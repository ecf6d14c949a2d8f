#include "job.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "../compat.h"

#include "../linux/cgroup.h"
#include "../linux/kill.h"
#include "../linux/process.h"
#include "../linux/signal.h"
#include "../linux/sys.h"
#include "await.h"
#include "block.h"

/* PID 1 of a pid namespace, to the processes in it */
#define INIT 1

#define OURSELVES "it is this process"


/*
** {=====================================================================
** what gets no signal
** ======================================================================
*/

/* why a process gets no signal: the errno, and the hint */
typedef struct Refusal {
  int rc;
  const char *hint;
} Refusal;


/* the pid cannot be told, and so not whether it is init: 'rc' says why */
static Refusal refuseunknown (int pidfd, int rc) {
  if (rc == -ESRCH) /* it has been reaped: no signal reaches anybody */
    return (Refusal){0, NULL};
  if (rc == -EREMOTE && pfd_sys_send_signal(pidfd, 0, NULL, 0) == -EINVAL)
    return (Refusal){-EINVAL, "it is in another pid namespace"};
  return (Refusal){rc, NULL};
}


/*
** May we send it a signal? Yes, if it is a child. If it is another process,
** we have to know that it is not this one, nor one that no signal ends.
*/
static Refusal check (int pidfd) {
  if (pfd_process_ischild(pidfd) == 1)
    return (Refusal){0, NULL};
  int rc = pfd_process_isself(pidfd, PFD_ANYTHREAD);
  if (rc == 1)
    return (Refusal){-EDEADLK, OURSELVES};
  pid_t pid = pfd_process_pid(pidfd);
  if (rc < 0 || pid < 0)
    return refuseunknown(pidfd, (pid < 0) ? pid : rc);
  if (pid == INIT)
    return (Refusal){-EPERM, "it is the init of this pid namespace, which "
                             "SIGKILL does not end"};
  rc = pfd_process_iskernel(pidfd);
  if (rc == 1)
    return (Refusal){-EPERM, "it is a thread of the kernel"};
  return (rc < 0) ? refuseunknown(pidfd, rc) : (Refusal){0, NULL};
}


static Refusal mayend (lua_State *L, int arg) {
  Refusal refusal;
  int tries = 0;
  do
    refusal = check(pfd_handle_openas(L, arg, PFD_PIDFD)->fd);
  while (pfd_handle_retry(L, refusal.rc, &tries));
  return refusal;
}


/*
** A signal must never reach our own group. If the leaders of our group and
** of the other have both ended, the two may be the same group.
*/
static Refusal checkgroup (const Handle *p) {
  int rc = pfd_signal_isourgroup(p->fd, pfd_end_childpid(&p->end));
  if (rc == 0)
    return (Refusal){0, NULL};
  if (rc == 1)
    return (Refusal){-EDEADLK, "it is this process's own group"};
  if (rc == -ESRCH)
    return (Refusal){-EDEADLK, "it may be this process's own group, whose "
                               "leader has ended"};
  return refuseunknown(p->fd, rc);
}


static Refusal checkcgroup (const Handle *p) {
  if (p->cgroup < 0)
    return (Refusal){-EINVAL, "it was not spawned into a cgroup"};
  int rc = pfd_cgroup_has(p->cgroup, pfd_sys_getpid());
  if (rc == 1)
    return (Refusal){-EDEADLK, "this process is in that cgroup"};
  return (Refusal){rc, NULL};
}


/* to be asked before each signal: hooks have run in between */
static Refusal checkwhole (const Handle *p, Scope scope) {
  if (scope == PFD_GROUP)
    return checkgroup(p);
  if (scope == PFD_CGROUP)
    return checkcgroup(p);
  return (Refusal){0, NULL};
}

/* }=================================================================== */


/*
** {=====================================================================
** signals
** ======================================================================
*/

/*
** A process that is stopped acts on SIGTERM when SIGCONT lets it go on;
** without right to send that, it stays stopped, until SIGKILL.
*/
static int signalone (int pidfd, int sig) {
  int rc = pfd_sys_send_signal(pidfd, sig, NULL, 0);
  if (rc < 0 && rc != -ESRCH)
    return rc;
  if (sig == SIGTERM)
    (void)pfd_sys_send_signal(pidfd, SIGCONT, NULL, 0);
  return 0;
}


/* an empty group has nobody to signal */
static int signalgroup (int pidfd, int sig) {
  int rc = pfd_signal_group(pidfd, sig);
  if (rc == 0 && sig == SIGTERM)
    (void)pfd_signal_group(pidfd, SIGCONT);
  return (rc == -ESRCH) ? 0 : rc;
}


/* the process may have left its group or its cgroup: SIGKILL follows it */
static int signalwhole (const Handle *p, Scope scope, int sig) {
  if (scope == PFD_GROUP) {
    if (sig == SIGKILL)
      (void)signalone(p->fd, sig);
    return signalgroup(p->fd, sig);
  }
  if (scope == PFD_PROCESS)
    return signalone(p->fd, sig);
  if (sig == SIGTERM)
    return pfd_cgroup_terminate(p->cgroup);
  (void)signalone(p->fd, sig);
  return pfd_cgroup_kill(p->cgroup);
}


static Refusal signalscope (const Handle *p, Scope scope, int sig) {
  Refusal refusal = checkwhole(p, scope);
  if (refusal.rc == 0)
    refusal.rc = signalwhole(p, scope, sig);
  return refusal;
}


int pfd_job_signal (const Handle *p, Scope scope, int sig) {
  return (scope == PFD_CGROUP) ? signalscope(p, scope, sig).rc
                               : signalwhole(p, scope, sig);
}


/* unless this process is in it */
static Refusal sendwhole (lua_State *L, const Job *job, int sig) {
  Refusal refusal;
  int tries = 0;
  do /* a collection may have closed it */
    refusal =
      signalscope(pfd_handle_openas(L, job->arg, PFD_PIDFD), job->scope, sig);
  while (pfd_handle_retry(L, refusal.rc, &tries));
  return refusal;
}

/* }=================================================================== */


/*
** {=====================================================================
** waiting for the rest
** ======================================================================
*/

/*
** A zombie is a member of its group until its parent reaps it, which it may
** never do. A child of ours stays one while "peek" leaves it to its owner. Only
** /proc shows which members are zombies. To read it takes long where there are
** many processes: so it is read at the looks 0, 1, 2, 4, 8, and so on, which
** are those 'closely'. If it cannot be read, all members count. EPERM means
** that there are members that we may not signal.
*/
static int lookatgroup (const Handle *p, int closely) {
  int rc = pfd_signal_group(p->fd, 0);
  if (rc < 0 && rc != -EPERM)
    return (rc == -ESRCH) ? 0 : rc;
  if (!closely)
    return 1;
  pid_t pid = pfd_end_childpid(&p->end);
  if (pid == 0)
    pid = pfd_process_pid(p->fd);
  return (pid > 0) ? pfd_signal_grouplives(pid) != 0 : 1;
}


static int lookatcgroup (const Handle *p) {
  int events = pfd_cgroup_events(p->cgroup);
  if (events < 0)
    return (events == -ENODEV) ? 0 : events;
  int rc = pfd_cgroup_populated(events);
  (void)pfd_sys_close(events);
  return rc;
}


/* 0, and the powers of two */
static int isclosely (int looks) {
  return (looks & (looks - 1)) == 0;
}


int pfd_job_needsleader (const Handle *p, Scope scope) {
  return scope == PFD_GROUP && pfd_sys_onpidfs(p->fd) != 1;
}


int pfd_job_isleft (const Handle *p, Scope scope, int looks) {
  if (scope == PFD_GROUP)
    return lookatgroup(p, isclosely(looks));
  return (scope == PFD_CGROUP) ? lookatcgroup(p) : 0;
}


static int awaitgroup (lua_State *L, const Job *job) {
  Sleeper s = {.L = L};
  for (int looks = 0;; looks++) {
    int closely = isclosely(looks) || pfd_block_past(job->deadline);
    const Handle *p = pfd_handle_openas(L, job->arg, PFD_PIDFD);
    int rc = lookatgroup(p, closely);
    if (rc <= 0)
      return rc;
    if (pfd_block_past(job->deadline))
      return -ETIMEDOUT;
    long long tick = pfd_block_deadline(PFD_TICK);
    rc = pfd_block(&s, NULL, 0, pfd_block_earlier(tick, job->deadline));
    if (rc < 0 && rc != -EINTR)
      return rc;
  }
}


/* assumes a handle on top, which gets the descriptor */
static int openevents (lua_State *L, int arg) {
  int rc, tries = 0;
  do {
    const Handle *p = pfd_handle_openas(L, arg, PFD_PIDFD);
    Handle *events = pfd_handle_check(L, lua_gettop(L));
    rc = pfd_cgroup_events(p->cgroup);
    events->fd = rc;
  } while (pfd_handle_retry(L, rc, &tries));
  return rc;
}


/* a hook may have closed that handle, or taken it off the stack */
static int geteventsfd (lua_State *L) {
  return pfd_handle_openas(L, lua_gettop(L), PFD_FD)->fd;
}


/*
** Assumes that handle on top. Where processes are killed one by one, some may
** have been missed: 'again' is whether to kill them.
*/
static int restoncgroup (Sleeper *s, const Job *job, int again) {
  struct pollfd event = {.fd = geteventsfd(s->L), .events = POLLPRI};
  long long tick = again ? pfd_block_deadline(PFD_TICK) : PFD_FOREVER;
  int rc = pfd_block(s, &event, 1, pfd_block_earlier(tick, job->deadline));
  if (rc < 0 && rc != -EINTR)
    return rc;
  return again ? sendwhole(s->L, job, SIGKILL).rc : 0;
}


/* assumes that handle on top: sleep until nobody is in the cgroup */
static int sleeponcgroup (lua_State *L, const Job *job, int again) {
  Sleeper s = {.L = L};
  for (;;) {
    int rc = pfd_cgroup_populated(geteventsfd(L));
    if (rc <= 0)
      return rc;
    if (pfd_block_past(job->deadline))
      return -ETIMEDOUT;
    rc = restoncgroup(&s, job, again);
    if (rc < 0)
      return rc;
  }
}


/* unless a hook has closed it, or put another handle in its place */
static void closeevents (lua_State *L, int fd) {
  if (pfd_handle_type(L, lua_gettop(L)) != PFD_FD)
    return;
  Handle *events = (Handle *)lua_touserdata(L, -1);
  if (events->fd == fd)
    (void)pfd_handle_close(events);
}


/* the file is a handle's, as a hook may raise */
static int awaitcgroup (lua_State *L, const Job *job, int again) {
  (void)pfd_handle_new(L, PFD_FD);
  int fd = openevents(L, job->arg);
  int rc = (fd >= 0) ? sleeponcgroup(L, job, again) : fd;
  closeevents(L, fd);
  lua_pop(L, 1);
  return (rc == -ENODEV) ? 0 : rc;
}


static int awaitrest (lua_State *L, const Job *job, int again) {
  if (job->scope == PFD_GROUP)
    return awaitgroup(L, job);
  return (job->scope == PFD_CGROUP) ? awaitcgroup(L, job, again) : 0;
}

/* }=================================================================== */


/* the process first, and then the rest, to the same deadline */
static int awaitwhole (lua_State *L, const Job *job, End *end, int again) {
  Await await = {job->arg, job->deadline, job->reap};
  int rc = pfd_await(L, &await, end);
  return (rc == 0) ? awaitrest(L, job, again) : rc;
}


/* from SIGTERM on; at the deadline SIGKILL follows */
static Refusal finish (lua_State *L, const Job *job, End *end) {
  Refusal refusal = sendwhole(L, job, SIGTERM);
  if (refusal.rc == 0)
    refusal.rc = awaitwhole(L, job, end, 0);
  if (refusal.rc != -ETIMEDOUT)
    return refusal;
  Job last = *job;
  last.deadline = pfd_block_deadline(PFD_LASTWAIT);
  refusal = sendwhole(L, job, SIGKILL);
  if (refusal.rc == 0)
    refusal.rc = awaitwhole(L, &last, end, 1);
  return refusal;
}


/* may the group be ended, and is there any? if not, -ESRCH */
static Refusal permitgroup (lua_State *L, const Job *job) {
  Refusal refusal;
  int tries = 0;
  do {
    const Handle *p = pfd_handle_openas(L, job->arg, PFD_PIDFD);
    refusal = checkgroup(p);
    if (refusal.rc == 0)
      refusal.rc = pfd_signal_group(p->fd, 0);
  } while (pfd_handle_retry(L, refusal.rc, &tries));
  if (refusal.rc == -EINVAL && refusal.hint == NULL && pfd_sys_isbefore("6.9"))
    refusal.hint = "before Linux 6.9";
  return refusal;
}


/*
** Checked before any signal is sent: may we end the process, and does the
** scope have anything to end? 'isover' is 1 if the process has ended already.
*/
static Refusal permit (lua_State *L, const Job *job, int isover) {
  Refusal refusal = isover ? (Refusal){0, NULL} : mayend(L, job->arg);
  if (refusal.rc < 0 || job->scope != PFD_GROUP)
    return refusal;
  refusal = permitgroup(L, job);
  if (refusal.rc == -ESRCH)
    return isover ? (Refusal){0, NULL}
                  : (Refusal){-EINVAL, "it leads no process group"};
  return refusal;
}


/* is it over? How it ended may be told only later */
static int lookatone (lua_State *L, const Job *job, End *end) {
  Await await = {job->arg, PFD_NOWAIT, job->reap};
  return pfd_await(L, &await, end);
}


static Refusal endone (lua_State *L, const Job *job, End *end) {
  int rc = lookatone(L, job, end);
  if (rc < 0 && rc != -ETIMEDOUT)
    return (Refusal){rc, (rc == -EDEADLK) ? OURSELVES : NULL};
  if (rc == 0 && job->scope == PFD_PROCESS) {
    Await await = {job->arg, job->deadline, job->reap};
    if (end->how == PFD_UNKNOWN) /* it may be told in time */
      rc = pfd_await(L, &await, end);
    return (Refusal){rc, NULL};
  }
  Refusal refusal = permit(L, job, rc == 0);
  return (refusal.rc < 0) ? refusal : finish(L, job, end);
}


int pfd_job_end (lua_State *L, const Job *job, End *end, const char **hint) {
  Job now = *job;
  const Handle *p = pfd_handle_openas(L, job->arg, PFD_PIDFD);
  int kept = job->reap != PFD_PEEK && pfd_job_needsleader(p, job->scope);
  if (kept)
    now.reap = PFD_PEEK;
  Refusal refusal = endone(L, &now, end);
  if (kept && refusal.rc == 0)
    refusal.rc = lookatone(L, job, end);
  *hint = refusal.hint;
  return refusal.rc;
}


void pfd_job_kill (Handle *p, Scope scope) {
  (void)signalscope(p, scope, SIGKILL);
  pfd_kill(p->fd, NULL);
  p->fd = -1;
}
