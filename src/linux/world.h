/*
** The memory that a child uses until it runs its program: one mapping with a
** guard page, the child's stack, and a copy of all that it needs to know. The
** mapping of the launch before is used again, unless it was large.
**
** The kernel shares it between this process and the child, even if the child
** has a copy of all other memory, as with fork(2) and in emulators. So nothing
** can keep the child from telling how it failed.
*/

#ifndef pfd_world_h
#define pfd_world_h

#include <stddef.h>
#include <sys/types.h>

#include "launch.h"

#pragma GCC visibility push(hidden)


#define PFD_BUFFERSIZE 1024

/* the child's steps that can fail, in no order */
typedef enum Step {
  PFD_STEP_GO,
  PFD_STEP_CGROUP,
  PFD_STEP_SETSID,
  PFD_STEP_SETPGID,
  PFD_STEP_REPORT,
  PFD_STEP_DUP, /* 'index': of the move */
  PFD_STEP_OPENDIR,
  PFD_STEP_READDIR,
  PFD_STEP_CTTY,
  PFD_STEP_NICE,
  PFD_STEP_OPENOOM,
  PFD_STEP_WRITEOOM,
  PFD_STEP_LIMIT, /* 'index': of the limit */
  PFD_STEP_SETGROUPS,
  PFD_STEP_SETGID,
  PFD_STEP_SETUID,
  PFD_STEP_NNP,
  PFD_STEP_PDEATHSIG,
  PFD_STEP_CHDIR,
  PFD_STEP_EXECVE /* 'index': of the file; -1: none was found */
} Step;

/* how the child has failed */
typedef struct Outcome {
  _Atomic int rc; /* written last; 0 until then */
  Step step;
  int index;
} Outcome;

typedef struct World {
  int (*run)(void *world); /* first, for 'pfd_raw_clone' */
  size_t size;             /* of the mapping, which ends with it */
  char *stack;             /* the lowest byte */
  size_t stacksize;

  int *ours; /* 1; the kernel clears it in processes that fork(2) makes */

  /*
  ** 1, until the kernel clears it: when a child that shares our memory no
  ** longer does, because it runs the program or has ended
  */
  _Atomic int tid;
  int shared; /* it does share it */
  int pidfd;

  /* for the child */
  Launch launch; /* what it points to is in the mapping */
  pid_t parent;
  int report;      /* what it writes to when it has failed */
  int closed;      /* for the parent: it has no copy of 'report' any more */
  int go;          /* it first waits for a byte from there, unless -1 */
  int entercgroup; /* it was not cloned there */
  Outcome outcome;
  _Alignas(16) char buffer[PFD_BUFFERSIZE];
} World;


/* NULL: no memory */
World *pfd_world_new (const Launch *launch);

/* when no child uses it any more */
void pfd_world_free (World *world);

/* when the module is unloaded, and no launch is to come */
void pfd_world_unload (void);


#pragma GCC visibility pop

#endif
