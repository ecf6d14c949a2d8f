/*
** The process behind a pidfd, as the kernel tells it: through the pidfd
** where it can, else through /proc. A number of /proc may be somebody
** else's a moment later, so nothing is believed that was read under a
** number which the pidfd no longer has. Knows no Lua; errors are -errno.
*/

#ifndef pfd_process_h
#define pfd_process_h

#include <sys/types.h>

#pragma GCC visibility push(hidden)


/* its number as this /proc counts, which may be another namespace's */
pid_t pfd_process_procpid (int pidfd);

/*
** 0 if 'fd' is a pidfd, -EBADF if it is something else, or another -errno
** where it cannot be told
*/
int pfd_process_check (int fd);

/* its number here; -ESRCH: reaped, -EREMOTE: not visible from here */
pid_t pfd_process_pid (int pidfd);

/* what no other process has until the system is started again, in 'id' */
int pfd_process_id (int pidfd, unsigned long long *id);

/* open one file or directory of its /proc directory, surely its own */
int pfd_process_open (int pidfd, const char *name, int flags);

/* 0 while it runs, POLLIN once it has ended, with POLLHUP once reaped */
int pfd_process_events (int pidfd);


#pragma GCC visibility pop

#endif
