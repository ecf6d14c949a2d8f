/*
** The processes of a cgroup of version 2 and of those below it, by the
** descriptor of its directory. The descriptor names this very cgroup for as
** long as it is open, also once the cgroup was removed. Knows no Lua; errors
** are -errno.
*/

#ifndef pfd_cgroup_h
#define pfd_cgroup_h

#include <sys/types.h>

#pragma GCC visibility push(hidden)


/* is that process in it? 1, 0 or -errno */
int pfd_cgroup_has (int dir, pid_t pid);

/*
** Send SIGTERM and SIGCONT to each process. Those that are started meanwhile
** may be left out, as are those we may not signal.
*/
int pfd_cgroup_terminate (int dir);

/*
** Kill all of it at once, by 'cgroup.kill' (Linux 5.14); where that is
** missing or not allowed, one process after the other, and a process that is
** started meanwhile may be left.
*/
int pfd_cgroup_kill (int dir);

/*
** Open the file that tells whether any process runs in it; poll(2) reports
** POLLPRI when that has changed. -ENODEV: the cgroup was removed, so that it
** is empty.
*/
int pfd_cgroup_events (int dir);

/* does any run, zombies aside? 1, 0 or -errno */
int pfd_cgroup_populated (int events);


#pragma GCC visibility pop

#endif
