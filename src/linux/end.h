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

typedef struct End {
  How how;
  int code; /* exit status or signal number */
  int core; /* was a core dumped? */
} End;


/* Lua's word for it */
const char *pfd_end_word (How how);

/* from what waitid(2) tells */
End pfd_end_fromsiginfo (const siginfo_t *info);

/* from a status word as of wait(2) */
End pfd_end_fromstatus (int status);

typedef enum Found {
  PFD_TOLD,    /* it is over, and 'end' tells how; a child was reaped */
  PFD_RUNNING, /* it is not over */
  PFD_HELD,    /* a child is over, but its tracer has not let go of it */
  PFD_UNTOLD   /* it is over; how is told when its parent reaps it */
} Found;

/* look, without waiting: one of the above, or -errno */
int pfd_end_find (int pidfd, End *end);


#pragma GCC visibility pop

#endif
