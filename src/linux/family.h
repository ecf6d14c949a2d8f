/*
** Who is whose child. The kernel tells the parent of a process only by its
** number, and the number may be given to another process. So after that, the
** parent is asked whether it still has the number. Knows no Lua; errors are
** -errno.
*/

#ifndef pfd_family_h
#define pfd_family_h

#include <sys/types.h>

#pragma GCC visibility push(hidden)


/* the number of the process here, which is not that of a thread of it */
pid_t pfd_family_process (int pidfd);

/*
** Open a pidfd for the process of that number, if it is a child of the one
** behind 'parent', or of a thread of it. -ESRCH: it is not, or not any more.
*/
int pfd_family_open (int parent, pid_t pid);


#pragma GCC visibility pop

#endif
