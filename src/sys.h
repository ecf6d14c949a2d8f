/*
** The kernel as it is: one function per system call. The error is part
** of the value: each returns what the call returns, or -errno. Nothing
** here knows Lua, and above here only Lua's io library reads 'errno'.
*/

#ifndef pfd_sys_h
#define pfd_sys_h

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "kernel.h"

#pragma GCC visibility push(hidden)


/* pidfds */
int pfd_sys_open (pid_t pid, unsigned int flags);
int pfd_sys_getfd (int pidfd, int targetfd, unsigned int flags);
int pfd_sys_send_signal (int pidfd, int sig, siginfo_t *info,
                         unsigned int flags);
int pfd_sys_waitid (int pidfd, siginfo_t *info, int options,
                    struct rusage *usage);
int pfd_sys_info (int pidfd, Info *info);

/* descriptors */
int pfd_sys_close (int fd);
int pfd_sys_dup (int fd);
int pfd_sys_cloexec (int fd);
int pfd_sys_nonblock (int fd, int on);
int pfd_sys_flags (int fd);
int pfd_sys_onpidfs (int fd);
int pfd_sys_inode (int fd, unsigned long long *inode);
int pfd_sys_fdopen (int fd, const char *mode, FILE **file);

/* files and directories */
int pfd_sys_openat (int dir, const char *path, int flags);
int pfd_sys_read (int fd, void *buffer, size_t size);
int pfd_sys_getdents (int dir, void *buffer, size_t size);
int pfd_sys_readlinkat (int dir, const char *path, char *buffer, size_t size);

/* waiting; times are nanoseconds, and a negative timeout is for ever */
long long pfd_sys_now (void);
int pfd_sys_poll (struct pollfd *fds, nfds_t n, long long timeout,
                  const sigset_t *mask);
void pfd_sys_blocksignals (sigset_t *old);
void pfd_sys_setsignals (const sigset_t *mask);

/* who asks */
pid_t pfd_sys_getpid (void);
pid_t pfd_sys_gettid (void);
uid_t pfd_sys_getuid (void);


#pragma GCC visibility pop

#endif
