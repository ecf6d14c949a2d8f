/*
** The process behind a pidfd, as the kernel tells it: through the pidfd
** where it can, else through /proc. A number of /proc may be somebody
** else's a moment later, so nothing is believed that was read under a
** number which the pidfd no longer has. Knows no Lua; errors are -errno.
*/

#ifndef pfd_process_h
#define pfd_process_h

#include <sys/types.h>

#include "kernel.h"

#pragma GCC visibility push(hidden)


/* does /proc count as this process does? 1, 0 (another namespace's), -errno */
int pfd_process_isourproc (void);

/* its number as this /proc counts, which may be another namespace's */
pid_t pfd_process_procpid (int pidfd);

/*
** 0 if 'fd' is a pidfd, -EBADF if it is something else, or another -errno
** where it cannot be told
*/
int pfd_process_check (int fd);

/* does this error of pidfd_open(2) say that no process has the number? */
int pfd_process_isfree (int rc);

/* its number here; -ESRCH: reaped, -EREMOTE: not visible from here */
pid_t pfd_process_pid (int pidfd);

/* has pfd_sys_info returned 'rc' without telling the numbers of the process? */
int pfd_process_isuntold (int rc, const Info *info);

/* is it a child of ours that has not been reaped? 1, 0 or -errno */
int pfd_process_ischild (int pidfd);

/* this process or the calling thread; or this process or any of its threads */
typedef enum Self { PFD_CALLER, PFD_ANYTHREAD } Self;

/* is it? 1 or 0, or where that cannot be told the -errno that says why */
int pfd_process_isself (int pidfd, Self self);

/* is it a thread of the kernel? 1, 0 or -errno */
int pfd_process_iskernel (int pidfd);

/* what no other process has until the system is started again, in 'id' */
int pfd_process_id (int pidfd, unsigned long long *id);

/*
** What the kernel that has filled 'info' can tell there, as bits of a mask;
** 0 before Linux 6.19, which does not say.
*/
unsigned long long pfd_process_infomask (const Info *info);

/* open one file or directory of its /proc directory, surely its own */
int pfd_process_open (int pidfd, const char *name, int flags);

/* fields of /proc/PID/stat; the state is a letter, the others are numbers */
#define PFD_STATE 3
#define PFD_PARENT 4
#define PFD_PGROUP 5
#define PFD_FLAGS 9
#define PFD_EXITCODE 52

/* one field of a file "stat" below 'dir', in 'value' */
int pfd_process_stat (int dir, const char *path, int field, long long *value);

/* one line of a file "status" below 'dir', its key being "\nTgid:", say */
int pfd_process_status (int dir, const char *path, const char *key,
                        long long *value);

/* does the process or thread of that file "stat" live? 1, 0 or -errno */
int pfd_process_lives (int dir, const char *path);

/*
** A process runs for as long as one of its threads does. When its first one
** has ended, what all share (memory, descriptors, namespaces) is shown in the
** other threads only. -EAGAIN: none was found that lives long enough.
*/

/* open one file or directory below /proc/PID/task/TID of a living thread */
int pfd_process_openthread (int pidfd, const char *name, int flags);

/*
** Call a function with the pidfd; or, if that says ESRCH though the process
** runs, with that of a living thread: -EOPNOTSUPP before Linux 6.9.
*/
typedef int (*PidfdCall)(int pidfd, const void *arg);
int pfd_process_byliving (int pidfd, PidfdCall call, const void *arg);

/* 0 while it runs, POLLIN once it has ended, with POLLHUP once reaped */
int pfd_process_events (int pidfd);


#pragma GCC visibility pop

#endif
