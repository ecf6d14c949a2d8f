/*
** How a process ended. A parent learns that from waitid(2), once, and the
** process is reaped by it. Anybody else learns it from the pidfd, after
** the process was reaped (Linux 6.15), or from /proc, before that and
** with the right to look. Knows no Lua.
*/

#ifndef pfd_end_h
#define pfd_end_h

#include <signal.h>

#pragma GCC visibility push(hidden)


typedef enum How {
  PFD_NOTYET,
  PFD_EXIT,
  PFD_SIGNAL,
  PFD_STOP,
  PFD_CONTINUE,
  PFD_TRAP,
  PFD_UNKNOWN
} How;

/* kept small: each pidfd has one */
typedef struct End {
  int pid;             /* the number, for messages, or 0 */
  unsigned short code; /* exit status or signal number */
  unsigned char how;   /* a How */
  _Bool core : 1;      /* was a core dumped? */
  _Bool child : 1;     /* has waitid(2) told that number? */
  _Bool unreaped : 1;  /* it is a child of ours that is still to be reaped */
} End;


/* the number of a child that was waited for, or 0 */
int pfd_end_childpid (const End *end);

/* Lua's word for it */
const char *pfd_end_word (How how);

/* from what waitid(2) tells */
End pfd_end_fromsiginfo (const siginfo_t *info);

/* from a status word as of wait(2) */
End pfd_end_fromstatus (int status);

typedef enum Found {
  PFD_TOLD,    /* it is over, and 'end' tells how */
  PFD_RUNNING, /* it is not over */
  PFD_HELD,    /* a child is over, but its tracer has not released it yet */
  PFD_UNTOLD   /* it is over; how is told when its parent reaps it */
} Found;

/* is a child reaped, or left to its owner, who waits for it later? */
typedef enum Reap { PFD_REAP, PFD_PEEK } Reap;

/*
** Look, without waiting, and say in 'found' what there is. Returns 0, or
** -errno: then it is not known whether the process is over, or how, and the
** next look may tell.
*/
int pfd_end_find (int pidfd, Reap reap, End *end, Found *found);


#pragma GCC visibility pop

#endif
