/*
** The table that 'pidfd.spawn' takes, read and checked into what 'launch'
** wants to know. Reading raises, and opens nothing.
*/

#ifndef pfd_plan_h
#define pfd_plan_h

#include "../compat.h"

#include "../linux/launch.h"

#pragma GCC visibility push(hidden)


/* the stack: the options, and the table that keeps what the plan points at */
#define PFD_OPTIONS 1
#define PFD_KEPT 2

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

/* a descriptor that is borrowed, and whose it is */
typedef struct Borrowed {
  int fd;
  lua_Integer at; /* place in the table of what is kept; 0: none */
  const char *name;
} Borrowed;

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


/* raise an error that names the option */
int pfd_plan_bad (lua_State *L, const char *key, const char *reason);

/* the option's value is on top: raises if it is of another type */
void pfd_plan_wanttype (lua_State *L, const char *key, int type);

/* take an integer off the top, or raise unless it is one from 'lo' to 'hi' */
lua_Integer pfd_plan_integer (lua_State *L, const char *key, lua_Integer lo,
                              lua_Integer hi);

/* take a word off the top: its place in the list; raises if it has none */
int pfd_plan_word (lua_State *L, const char *key, const char *const *words);

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

/* pop the value on top, and have it live until the call returns */
void pfd_plan_keep (lua_State *L);


#pragma GCC visibility pop

#endif
