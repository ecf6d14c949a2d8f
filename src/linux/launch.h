/*
** Starting a program. The child shares the memory of this process until it
** runs the program (clone(2), CLONE_VM and CLONE_VFORK), so that the cost
** does not grow with that memory; and it is born with its pidfd
** (CLONE_PIDFD), so that there is no moment at which its number could be
** somebody else's. Knows no Lua.
**
** A child that changes its user or group gets a copy of the memory instead,
** as by fork(2), and tells through a pipe how it went. For the kernel makes
** its memory undumpable, which would be this process's too; and the new user
** may stop the child, and with it this process, which would sleep until the
** program runs.
**
** Either child makes system calls and nothing else: no allocation, no lock,
** which in a copy another thread may hold for ever, no signal handler of
** this process.
*/

#ifndef pfd_launch_h
#define pfd_launch_h

#include <stddef.h>
#include <sys/types.h>

#pragma GCC visibility push(hidden)


/* descriptor 'from' of this process is to be 'to' in the child */
typedef struct Move {
  int from, to;
  int safe;         /* for the child: where it is on its way */
  const char *name; /* for the message if it fails */
} Move;

typedef struct Launch {
  const char *const *files; /* to be tried in this order; NULL at the end */
  const char *const *argv;
  const char *const *envp; /* NULL: environ, as it is at the launch */
  const char *cwd;         /* NULL: stay */

  Move *moves; /* in the order of 'to'; all others are closed */
  size_t nmoves;

  int setsid;
  int setpgid;
  pid_t pgroup;
  int pdeathsig; /* 0: none */

  int setgroups, setgid, setuid;
  const gid_t *groups;
  size_t ngroups;
  gid_t gid;
  uid_t uid;
  int nnp;

  int cgroup; /* descriptor of a directory; -1: stay */
  int autoreap, autokill;
} Launch;

typedef struct Failure {
  const char *step;
  const char *what;  /* what it was about, or NULL */
  const char *since; /* the Linux that can do it, or NULL */
} Failure;


/* the pidfd, or -errno, when there is no child and 'failure' says why */
int pfd_launch (const Launch *launch, Failure *failure);


#pragma GCC visibility pop

#endif
