/*
** A program that a table describes, as 'pidfd.spawn' and 'pidfd.run' take one:
** its streams are opened, and it is started.
*/

#ifndef pfd_program_h
#define pfd_program_h

#include "../compat.h"

#include "handle.h"
#include "plan.h"
#include "start.h"

#pragma GCC visibility push(hidden)


/* on the stack, above what the plan has: our ends of the pipes, by name */
#define PFD_PIPES 3

/*
** What is opened for a start: the child's part, of which it gets copies, and
** our part. Afterwards the child's part is closed here, and if the start has
** failed, ours, too. Each descriptor has a handle until all are open. Then they
** are numbers in this struct, where no hook can reach them.
*/
typedef struct Opened {
  Handle *handles[5]; /* of theirs: /dev/null, the cgroup, ends of the pipes */
  int ntheirs;
  int theirs[5];
  int at[3];     /* where on the stack the handles for our ends are, or 0 */
  int ours[3];   /* our ends of stdin, stdout, stderr, or -1 */
  int hascgroup; /* the last handle is for the cgroup's directory */
  int cgroup;    /* its descriptor, once 'hideall' has taken it, or -1 */
} Opened;


/* raise unless there is one argument, a table; make the stack of a plan */
void pfd_program_begin (lua_State *L);

/*
** Read the table, see pfd_plan_read. Nothing is on the stack above PFD_PIPES
** then.
*/
void pfd_program_read (lua_State *L, Plan *plan, const char *const *more);

/*
** Open the streams and start the program. Returns what pfd_start returns; if
** that is negative, nothing is left open. Otherwise the caller owns our ends
** and the cgroup's directory. Handles for our ends, closed, are on the stack.
*/
int pfd_program_start (lua_State *L, Plan *plan, Opened *opened,
                       Failure *failure);

/* let these handles own our ends */
void pfd_program_give (lua_State *L, Opened *opened);

/* push nil, "name: step subject: reason (hint)", errno; returns 3 */
int pfd_program_fail (lua_State *L, const char *name, const Failure *failure,
                      int rc);


#pragma GCC visibility pop

#endif
