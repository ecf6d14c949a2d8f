/*
** Cloning the child that has a world to live in: in the way that is cheapest
** of those that the kernel, or whatever stands for it, offers.
*/

#ifndef pfd_clone_h
#define pfd_clone_h

#include "world.h"

#pragma GCC visibility push(hidden)


/* a child; -1 where there is none */
typedef struct Cloned {
  int pidfd;
  int shared; /* it shares our memory */
} Cloned;

/*
** Clone a child that runs 'world->run'. 'report' is our end of its pipe, and
** the child's is still open here. All signals are blocked meanwhile. Returns
** 0 or -errno.
*/
int pfd_clone (World *world, int report, Cloned *child);


#pragma GCC visibility pop

#endif
