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


/* on the stack, above what the plan has there: our ends of the pipes, by name */
#define PFD_PIPES 3

/*
** What is opened on the way. The child gets copies of its part, which is
** closed here then; if there is no child, ours is closed too.
*/
typedef struct Opened {
  Handle *theirs[5]; /* /dev/null, the cgroup, its ends of the pipes */
  int ntheirs;
  Handle *ours[3]; /* our ends of stdin, stdout, stderr, or NULL */
  int cgroup;      /* the directory, or -1; who starts the program owns it */
} Opened;


/* raise unless there is one argument, a table; make the stack of a plan */
void pfd_program_begin (lua_State *L);

/* read the table; nothing is on the stack above PFD_PIPES then */
void pfd_program_read (lua_State *L, Plan *plan);

/*
** Open the streams and start the program. Returns what pfd_start returns; if
** that is negative, nothing is left open.
*/
int pfd_program_start (lua_State *L, Plan *plan, Opened *opened,
                       Failure *failure);

/* push nil, "name: step subject: reason (hint)", errno; returns 3 */
int pfd_program_fail (lua_State *L, const char *name, const Failure *failure,
                      int rc);


#pragma GCC visibility pop

#endif
