/*
** Ending a process, or all that it has started: SIGTERM first, and SIGKILL
** after a while. The whole is the process group that the process leads, or
** the cgroup that it was spawned into. Both may outlive the process.
*/

#ifndef pfd_job_h
#define pfd_job_h

#include "../compat.h"

#include "../linux/end.h"
#include "handle.h"

#pragma GCC visibility push(hidden)


/* Lua's words for them, in this order, are "process", "group", "cgroup" */
typedef enum Scope { PFD_PROCESS, PFD_GROUP, PFD_CGROUP } Scope;

/* how long to wait after SIGKILL: five seconds */
#define PFD_LASTWAIT 5000000000LL

/* which pidfd, and when SIGKILL follows SIGTERM; a child is reaped at last */
typedef struct Job {
  int arg;
  long long deadline;
  Reap reap;
  Scope scope;
} Job;

/*
** End it: wait until the deadline for the process and for all the rest, send
** SIGKILL to what is left, and wait again, five seconds at most. Returns 0 and
** how the process has ended, or -errno; 'hint' says more about that, or is
** NULL. A hook may raise an error meanwhile: see 'pfd_job_kill'. The stack is
** as before.
*/
int pfd_job_end (lua_State *L, const Job *job, End *end, const char **hint);

/*
** For a caller that does something else while the job ends. These functions
** neither wait nor allocate. The handle need not be a userdata. Once the
** process has ended, its 'end' has to be known.
*/

/*
** Send SIGTERM, and SIGCONT, or SIGKILL to all of it: 0 or -errno. The process
** is a child that we gave a group of its own, so that this is surely not ours.
*/
int pfd_job_signal (const Handle *p, Scope scope, int sig);

/*
** Must the process be reaped only when all of it has ended? Before Linux 6.9 a
** group is reached by the number of its leader, which a child keeps until it is
** reaped.
*/
int pfd_job_needsleader (const Handle *p, Scope scope);

/*
** The process has ended: does anything else of it live? 1, 0 or -errno. 'looks'
** counts the calls: a costly look is made rarely.
*/
int pfd_job_isleft (const Handle *p, Scope scope, int looks);

/*
** For an error's way out, where no Lua may run: SIGKILL to all of it, and reap
** the child, as kill.h has it, which takes its pidfd. It never raises. A cgroup
** takes a descriptor, so close what is not needed first. Of the rest of it,
** some may be left.
*/
void pfd_job_kill (Handle *p, Scope scope);


#pragma GCC visibility pop

#endif
