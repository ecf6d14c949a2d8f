/*
** The table that 'pidfd.spawn' takes, read and checked into what 'launch'
** wants to know. Reading raises, and opens nothing.
*/

#ifndef pfd_plan_h
#define pfd_plan_h

#include "../compat.h"

#include "../linux/launch.h"
#include "option.h"

#pragma GCC visibility push(hidden)


typedef enum Kind {
  PFD_INHERIT,
  PFD_NULL,
  PFD_PIPE,
  PFD_STDOUT, /* for stderr: where stdout goes */
  PFD_BORROW,
  PFD_CLOSED
} Kind;

typedef struct Stream {
  Kind kind;
  int fd; /* to borrow; of a pipe, the child's end once it is there */
} Stream;

#define PFD_NSINGLE 4 /* the streams, and the cgroup */

typedef struct Plan {
  Launch launch;
  Stream streams[3];
  Move *extra; /* from 3 up, unsorted; 'launch' has room for all */
  size_t nextra;
  Borrowed single[PFD_NSINGLE];
  Borrowed *each;     /* of the extra ones */
  const char *cgroup; /* path of a directory still to be opened, or NULL */
} Plan;


/* at most so many options that a caller has of its own, and NULL */
#define PFD_MAXMORE 8

/*
** Read the options. Those that the caller has taken out of the table before are
** 'more', a list that NULL ends.
*/
void pfd_plan_read (lua_State *L, Plan *plan, const char *const *more);

/*
** To be called right before each launch: 0, or -EBADF if a finalizer or a
** method has closed what is borrowed since it was read, so that its number
** may be a stranger's. Does not allocate.
*/
int pfd_plan_check (lua_State *L, const Plan *plan, Failure *failure);


#pragma GCC visibility pop

#endif
