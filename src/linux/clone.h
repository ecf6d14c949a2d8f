/*
** Cloning the child that has a world to live in: in the way that is cheapest
** of those that the kernel, or whatever stands for it, offers.
*/

#ifndef pfd_clone_h
#define pfd_clone_h

#include "world.h"

#pragma GCC visibility push(hidden)


/*
** Clone a child that runs 'world->run'. 'report' is our end of its pipe, and
** the child's is still open here, 'world->report'. All signals are blocked
** meanwhile. Returns 0, and the world has the child's pidfd; or -errno.
*/
int pfd_clone (World *world, int report);


#pragma GCC visibility pop

#endif
