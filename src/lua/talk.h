/*
** The conversation with a program that was started: it is given its input, its
** output is collected, and its end is waited for, all at the same time. When
** the time is over, the job is ended: the program, or all that belongs to it.
** Its output is read until then: a program that nobody reads could not end.
**
** The descriptors are in a struct of the caller's, not in handles that Lua
** has, so that no hook can get at them. The conversation may raise, as hooks
** may. Whatever happens, the caller calls 'pfd_talk_finish' afterwards.
*/

#ifndef pfd_talk_h
#define pfd_talk_h

#include "../compat.h"

#include "../linux/capture.h"
#include "../linux/kernel.h"
#include "handle.h"
#include "job.h"

#pragma GCC visibility push(hidden)


/* how far it is with ending the job */
typedef enum Phase { PFD_TALKING, PFD_ASKED, PFD_KILLED } Phase;

typedef struct Talk {
  Handle process; /* no userdata; 'end' is there once it has ended */
  Scope scope;
  Supply supply;
  Capture captures[2]; /* stdout, stderr */
  long long deadline;  /* of the whole */
  long long grace;     /* nanoseconds from SIGTERM to SIGKILL */
  long long linger;    /* and from the end of the job to that of listening */

  const char *step; /* what is being done, or what has failed */
  Usage usage;
  int reaped;   /* by us: then 'usage' is known */
  int timedout; /* the job was ended */
  int held;     /* somebody had the output when we stopped reading */

  Phase phase; /* the rest is of no interest to the caller */
  long long until, last;
  int looks, over, lingers, done;
  int tells; /* poll(2) will tell of the end */
} Talk;


/*
** Talk until the job is over, and the output, too. 'input' is the place of a
** string on the stack. Returns 0, or -errno, and the step that has failed is in
** 't'.
*/
int pfd_talk (lua_State *L, int input, Talk *t);

/*
** Close and free everything. A job that is not over, because 'pfd_talk' has
** failed or raised, is killed.
*/
void pfd_talk_finish (Talk *t);


#pragma GCC visibility pop

#endif
