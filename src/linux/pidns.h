/*
** Numbers of processes in another pid namespace, which the kernel translates
** from and to those of this one (Linux 6.11). A number may pass to another
** process between two calls: so what comes out of a translation is believed
** only if the pidfd still has the number that went in. Knows no Lua; errors
** are -errno.
*/

#ifndef pfd_pidns_h
#define pfd_pidns_h

#include <sys/types.h>

#pragma GCC visibility push(hidden)


/*
** 0 if 'fd' is a pid namespace that can be asked; -EINVAL: it is none;
** -ENOTTY: before Linux 6.11
*/
int pfd_pidns_check (int fd);

/*
** The number there of the process behind a pidfd; -ENOENT: it has none.
** Others are those of pfd_process_pid.
*/
pid_t pfd_pidns_number (int ns, int pidfd);

/*
** Open a pidfd for the process that has that number there; -ESRCH: there is
** none, or none that can be seen from here; -EAGAIN: the number goes from one
** process to the next
*/
int pfd_pidns_open (int ns, pid_t pid, unsigned int flags);


#pragma GCC visibility pop

#endif
