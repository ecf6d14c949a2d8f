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
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "kernel.h"
#include "sys_call.h"

#pragma GCC visibility push(hidden)


/*
** sys_again.c: for the result of a call that does not wait: is it to be made
** again? No signal should interrupt such a call, and EINTR, as a file server or
** a seccomp filter may say, is no answer. If it comes a hundred times, it
** becomes EAGAIN.
*/
int pfd_sys_again (int *rc, int *tries);

/* sys_pidfd.c; open, getfd and send_signal are in sys_call.h */
int pfd_sys_waitid (int pidfd, siginfo_t *info, int options, Usage *usage);
int pfd_sys_info (int pidfd, Info *info);
int pfd_sys_namespace (int pidfd, unsigned int kind, long arg);
int pfd_sys_translate (int ns, unsigned int request, pid_t pid);
int pfd_sys_setns (int pidfd, int kinds);
int pfd_sys_mrelease (int pidfd);
ssize_t pfd_sys_madvise (int pidfd, const struct iovec *ranges, size_t n,
                         int advice);
int pfd_sys_unixsocket (void);
int pfd_sys_peer (int socket);

/* sys_descriptor.c; close is in sys_call.h */
long pfd_sys_maxdescriptors (void);
int pfd_sys_dup (int fd);
int pfd_sys_cloexec (int fd);
int pfd_sys_flags (int fd);
int pfd_sys_isopen (int fd);
int pfd_sys_isinherited (int fd);
int pfd_sys_pipe (int ends[2]);
int pfd_sys_setpipesize (int pipe, int size);
int pfd_sys_nonblock (int fd, int on);
int pfd_sys_isproc (void);
int pfd_sys_onpidfs (int fd);
int pfd_sys_onnsfs (int fd);
int pfd_sys_owner (int fd, uid_t *owner);
int pfd_sys_inode (int fd, unsigned long long *inode);
int pfd_sys_fileno (FILE *file);
int pfd_sys_fdopen (int fd, const char *mode, FILE **file);

/* sys_file.c */
int pfd_sys_openat (int dir, const char *path, int flags);
int pfd_sys_openwithin (int dir, const char *path, int flags);
int pfd_sys_read (int fd, void *buffer, size_t size);
int pfd_sys_write (int fd, const void *buffer, size_t size);
/* of a file, where nothing waits */
int pfd_sys_readfile (int file, void *buffer, size_t size);
int pfd_sys_writefile (int file, const void *buffer, size_t size);
int pfd_sys_pread (int file, void *buffer, size_t size, long long offset);
int pfd_sys_access (int dir, const char *path);
int pfd_sys_getdents (int dir, void *buffer, size_t size);
int pfd_sys_seek (int fd, long long offset);
int pfd_sys_readlinkat (int dir, const char *path, char *buffer, size_t size);

/* sys_stream.c: to read and write without waiting, see nowait.h */
int pfd_sys_kind (int fd, mode_t *type, dev_t *device);
int pfd_sys_isterminal (int fd);
int pfd_sys_recv (int socket, void *buffer, size_t size);
int pfd_sys_send (int socket, const void *buffer, size_t size);
int pfd_sys_readnow (int fd, void *buffer, size_t size);
int pfd_sys_writenow (int fd, const void *buffer, size_t size);
int pfd_sys_reopen (int fd, int flags);
int pfd_sys_unread (int fd);
int pfd_sys_blocksigpipe (sigset_t *old);
void pfd_sys_dropsigpipe (void);

/* sys_socket.c: messages, and nothing waits; see message.h */
int pfd_sys_getoption (int socket, int option);
int pfd_sys_passpidfd (int socket, int on);
int pfd_sys_sendmsg (int socket, const struct msghdr *message);
int pfd_sys_recvmsg (int socket, struct msghdr *message, int flags);

/* sys_wait.c: times are nanoseconds; 'pfd_sys_poll' is in sys_call.h */
long long pfd_sys_now (void);
void pfd_sys_sleep (long long nanoseconds);
void pfd_sys_blocksignals (sigset_t *old);
void pfd_sys_setsignals (const sigset_t *mask);
int pfd_sys_forbidcancel (void); /* of this thread; returns what was */
void pfd_sys_allowcancel (int old);

/* sys_clone.c: for 'launch', which starts programs */
void pfd_sys_killchild (pid_t pid); /* and reap it */

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
pid_t pfd_sys_getpgrp (void);
int pfd_sys_isthread (pid_t tid); /* of this process? */
uid_t pfd_sys_getuid (void);
uid_t pfd_sys_geteuid (void);
gid_t pfd_sys_getgid (void);
gid_t pfd_sys_getegid (void);
int pfd_sys_hascapability (int capability);
int pfd_sys_hasthreads (void);   /* other than the calling one, perhaps */
int pfd_sys_keepszombies (void); /* or does the kernel reap our children? */
int pfd_sys_isbefore (const char *version);      /* is the kernel older? */
int pfd_sys_populate (void *start, size_t size); /* have it in memory */
int pfd_sys_killgroup (pid_t leader, int sig);
int pfd_sys_killthread (pid_t pid, pid_t tid, int sig);
int pfd_sys_queuethread (pid_t pid, pid_t tid, int sig, siginfo_t *info);


#pragma GCC visibility pop

#endif
