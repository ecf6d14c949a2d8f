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
#include <sys/uio.h>

#include "kernel.h"

#pragma GCC visibility push(hidden)


/* sys_result.c: the result of a system call, or -errno where that is -1 */
int pfd_sys_result (long rc);
ssize_t pfd_sys_size (long rc);

/* sys_pidfd.c */
int pfd_sys_open (pid_t pid, unsigned int flags);
int pfd_sys_getfd (int pidfd, int targetfd, unsigned int flags);
int pfd_sys_send_signal (int pidfd, int sig, siginfo_t *info,
                         unsigned int flags);
int pfd_sys_waitid (int pidfd, siginfo_t *info, int options,
                    struct rusage *usage);
int pfd_sys_info (int pidfd, Info *info);
int pfd_sys_namespace (int pidfd, unsigned int kind, long arg);
int pfd_sys_setns (int pidfd, int kinds);
int pfd_sys_mrelease (int pidfd);
ssize_t pfd_sys_madvise (int pidfd, const struct iovec *ranges, size_t n,
                         int advice);
int pfd_sys_unixsocket (void);
int pfd_sys_peer (int socket);

/* sys_descriptor.c */
int pfd_sys_close (int fd);
int pfd_sys_dup (int fd);
int pfd_sys_cloexec (int fd);
int pfd_sys_flags (int fd);
int pfd_sys_isopen (int fd);
int pfd_sys_isinherited (int fd);
int pfd_sys_dupto (int from, int to);
int pfd_sys_close_range (unsigned int first, unsigned int last);
int pfd_sys_pipe (int ends[2]);
int pfd_sys_nonblock (int fd, int on);
int pfd_sys_onpidfs (int fd);
int pfd_sys_owner (int fd, uid_t *owner);
int pfd_sys_inode (int fd, unsigned long long *inode);
int pfd_sys_fileno (FILE *file);
int pfd_sys_fdopen (int fd, const char *mode, FILE **file);

/* sys_file.c */
int pfd_sys_openat (int dir, const char *path, int flags);
int pfd_sys_openwithin (int dir, const char *path, int flags);
int pfd_sys_read (int fd, void *buffer, size_t size);
int pfd_sys_pread (int fd, void *buffer, size_t size, off_t offset);
int pfd_sys_write (int fd, const void *buffer, size_t size);
int pfd_sys_chdir (const char *path);
int pfd_sys_getdents (int dir, void *buffer, size_t size);
int pfd_sys_readlinkat (int dir, const char *path, char *buffer, size_t size);

/* sys_wait.c: times are nanoseconds, and a negative timeout is for ever */
long long pfd_sys_now (void);
int pfd_sys_poll (struct pollfd *fds, nfds_t n, long long timeout,
                  const sigset_t *mask);
void pfd_sys_blocksignals (sigset_t *old);
void pfd_sys_setsignals (const sigset_t *mask);

/*
** sys_clone.c: a new process, which is born with a pidfd. As of vfork(2), it shares our
** memory until it runs a program, and we sleep meanwhile; as of fork(2), it
** has a copy; as the struct says. 'child' runs on the stack that ends at
** 'stack', or that the struct names, and does not return.
*/
int pfd_sys_vfork (int (*child)(void *), void *arg, void *stack, int *pidfd);
int pfd_sys_fork (int (*child)(void *), void *arg, void *stack, int *pidfd);
int pfd_sys_clone3 (CloneArgs *args, int (*child)(void *), void *arg);
int pfd_sys_exec (const char *file, const char *const *argv,
                  const char *const *envp);
void pfd_sys_exit (void);

/* the calling process; credentials: of the calling thread only */
void pfd_sys_defaultsignal (int sig);
void pfd_sys_unblocksignals (void);
int pfd_sys_setsid (void);
int pfd_sys_setpgid (pid_t pgroup);
int pfd_sys_setgroups (size_t n, const gid_t *groups);
int pfd_sys_setgid (gid_t gid);
int pfd_sys_setuid (uid_t uid);
int pfd_sys_nonewprivs (void);
int pfd_sys_pdeathsig (int sig);
pid_t pfd_sys_getppid (void);

/*
** sys_probe.c: a copy of this process, as of fork(2), but without a signal at
** its end and without the handlers of pthread_atfork(3). Returns 0 in the
** child. 'pidfd' is NULL, or where to store one for the child.
*/
int pfd_sys_copy (int *pidfd);
int pfd_sys_copy3 (unsigned long long flags, int cgroup);
int pfd_sys_reap (pid_t pid, int *status);
void pfd_sys_nodump (void);
void pfd_sys_quit (int status);

/* sys_self.c: who asks */
pid_t pfd_sys_getpid (void);
pid_t pfd_sys_gettid (void);
int pfd_sys_isthread (pid_t tid); /* of this process? */
uid_t pfd_sys_getuid (void);
uid_t pfd_sys_geteuid (void);
gid_t pfd_sys_getgid (void);
gid_t pfd_sys_getegid (void);
int pfd_sys_hascapability (int capability);


#pragma GCC visibility pop

#endif
