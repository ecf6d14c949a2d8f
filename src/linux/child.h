/*
** What the child does between clone(2) and execve(2), one step after the
** other; whoever adds a step puts it into the list of 'pfd_child_run', and its
** name into launch.c.
**
** The child may share the memory of this process, and even the thread control
** block of the thread that cloned it, while both run. So it reads nothing but
** its world and constants, writes nothing but its world, and calls nothing of
** the C library, only raw.h. A spec looks at the symbols of the object files.
*/

#ifndef pfd_child_h
#define pfd_child_h

#include "raw.h"
#include "world.h"

#pragma GCC visibility push(hidden)


/* make a raw system call; all arguments are given as long */
#define PFD_CALL(number, ...)                                                  \
  ((int)pfd_raw_call((number), (const long[PFD_RAW_ARGS]){__VA_ARGS__}))


/* the whole of it, for 'pfd_raw_clone': never returns */
int pfd_child_run (void *world);

/* note the failure, and return 'rc', which is negative */
int pfd_child_failed (World *w, Step step, int index, int rc);

/* move.c: put the descriptors where they are to be, and close all others */
int pfd_move_report (World *w);
int pfd_move_descriptors (World *w);
int pfd_move_closeothers (World *w);


#pragma GCC visibility pop

#endif
