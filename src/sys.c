#define _GNU_SOURCE /* ppoll */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/* numbers are the same on every architecture since Linux 5.1 */
#if !defined(SYS_pidfd_send_signal)
#define SYS_pidfd_send_signal 424
#endif

#if !defined(SYS_pidfd_open)
#define SYS_pidfd_open 434
#endif

#if !defined(SYS_clone3)
#define SYS_clone3 435
#endif

#if !defined(SYS_close_range)
#define SYS_close_range 436
#endif

#if !defined(SYS_openat2)
#define SYS_openat2 437
#endif

#if !defined(SYS_pidfd_getfd)
#define SYS_pidfd_getfd 438
#endif

#if !defined(SYS_process_madvise)
#define SYS_process_madvise 440
#endif

#if !defined(SYS_process_mrelease)
#define SYS_process_mrelease 448
#endif


/*
** The only place that reads 'errno': on the line after the call that
** set it, before anything else can change it.
*/
static int result (long rc) {
  return (rc == -1) ? -errno : (int)rc;
}


/*
** {=====================================================================
** pidfds
** ======================================================================
*/

int pfd_sys_open (pid_t pid, unsigned int flags) {
  return result(syscall(SYS_pidfd_open, pid, flags));
}


int pfd_sys_getfd (int pidfd, int targetfd, unsigned int flags) {
  return result(syscall(SYS_pidfd_getfd, pidfd, targetfd, flags));
}


int pfd_sys_send_signal (int pidfd, int sig, siginfo_t *info,
                         unsigned int flags) {
  return result(syscall(SYS_pidfd_send_signal, pidfd, sig, info, flags));
}


/* the system call itself: the C library's has no rusage */
int pfd_sys_waitid (int pidfd, siginfo_t *info, int options,
                    struct rusage *usage) {
  return result(syscall(SYS_waitid, PFD_P_PIDFD, pidfd, info, options, usage));
}


int pfd_sys_info (int pidfd, Info *info) {
  return result(ioctl(pidfd, PFD_GET_INFO, info));
}


int pfd_sys_namespace (int pidfd, unsigned int kind, long arg) {
  return result(ioctl(pidfd, PFD_GET_NAMESPACE(kind), arg));
}


int pfd_sys_setns (int pidfd, int kinds) {
  return result(setns(pidfd, kinds));
}


int pfd_sys_mrelease (int pidfd) {
  return result(syscall(SYS_process_mrelease, pidfd, 0));
}


ssize_t pfd_sys_madvise (int pidfd, const struct iovec *ranges, size_t n,
                         int advice) {
  long rc = syscall(SYS_process_madvise, pidfd, ranges, n, advice, 0);
  return (rc == -1) ? -errno : rc;
}


int pfd_sys_unixsocket (void) {
  return result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}


/* with a shorter length the kernel would make a descriptor and not tell it */
int pfd_sys_peer (int socket) {
  int pidfd = -1;
  socklen_t length = sizeof(pidfd);
  int rc =
    result(getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length));
  return (rc < 0) ? rc : pidfd;
}

/* }=================================================================== */


/*
** {=====================================================================
** descriptors
** ======================================================================
*/

/*
** Never called twice for one descriptor: on Linux the descriptor is
** gone even when close(2) reports EINTR, and another thread may own
** its number by then.
*/
int pfd_sys_close (int fd) {
  return result(close(fd));
}


int pfd_sys_dup (int fd) {
  return result(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}


int pfd_sys_cloexec (int fd) {
  return result(fcntl(fd, F_SETFD, FD_CLOEXEC));
}


/* the status flags of the open file */
int pfd_sys_flags (int fd) {
  return result(fcntl(fd, F_GETFL));
}


int pfd_sys_isopen (int fd) {
  return fcntl(fd, F_GETFD) != -1;
}


/* open, and not close-on-exec */
int pfd_sys_isinherited (int fd) {
  int flags = fcntl(fd, F_GETFD);
  return flags != -1 && !(flags & FD_CLOEXEC);
}


/* to that very number, open across exec */
int pfd_sys_dupto (int from, int to) {
  return result((from == to) ? fcntl(to, F_SETFD, 0) : dup2(from, to));
}


int pfd_sys_close_range (unsigned int first, unsigned int last) {
  return result(syscall(SYS_close_range, first, last, 0));
}


int pfd_sys_pipe (int ends[2]) {
  return result(pipe2(ends, O_CLOEXEC));
}


int pfd_sys_nonblock (int fd, int on) {
  int flags = pfd_sys_flags(fd);
  if (flags < 0)
    return flags;
  flags = on ? (flags | O_NONBLOCK) : (flags & ~O_NONBLOCK);
  return result(fcntl(fd, F_SETFL, flags));
}


/* 1 for a pidfd since Linux 6.9, 0 for anything else */
int pfd_sys_onpidfs (int fd) {
  struct statfs fs;
  int rc = result(fstatfs(fd, &fs));
  return (rc < 0) ? rc : (fs.f_type == PID_FS_MAGIC);
}


int pfd_sys_owner (int fd, uid_t *owner) {
  struct stat status;
  int rc = result(fstat(fd, &status));
  if (rc == 0)
    *owner = status.st_uid;
  return rc;
}


int pfd_sys_inode (int fd, unsigned long long *inode) {
  struct stat status;
  int rc = result(fstat(fd, &status));
  if (rc == 0)
    *inode = status.st_ino;
  return rc;
}


int pfd_sys_fileno (FILE *file) {
  return result(fileno(file));
}


int pfd_sys_fdopen (int fd, const char *mode, FILE **file) {
  *file = fdopen(fd, mode);
  return result((*file == NULL) ? -1 : 0);
}

/* }=================================================================== */


/*
** {=====================================================================
** files and directories
** ======================================================================
*/

int pfd_sys_openat (int dir, const char *path, int flags) {
  return result(openat(dir, path, flags | O_CLOEXEC));
}


/* a path that leaves the directory, or a link on the way, is refused */
int pfd_sys_openwithin (int dir, const char *path, int flags) {
  OpenHow how = {.flags = (__u64)(flags | O_CLOEXEC),
                 .resolve = PFD_RESOLVE_WITHIN};
  return result(syscall(SYS_openat2, dir, path, &how, sizeof(how)));
}


int pfd_sys_read (int fd, void *buffer, size_t size) {
  return result(read(fd, buffer, size));
}


int pfd_sys_pread (int fd, void *buffer, size_t size, off_t offset) {
  return result(pread(fd, buffer, size, offset));
}


int pfd_sys_write (int fd, const void *buffer, size_t size) {
  return result(write(fd, buffer, size));
}


int pfd_sys_chdir (const char *path) {
  return result(chdir(path));
}


int pfd_sys_getdents (int dir, void *buffer, size_t size) {
  return result(syscall(SYS_getdents64, dir, buffer, size));
}


int pfd_sys_readlinkat (int dir, const char *path, char *buffer, size_t size) {
  return result(readlinkat(dir, path, buffer, size));
}

/* }=================================================================== */


/*
** {=====================================================================
** waiting
** ======================================================================
*/

#define NANO 1000000000LL


/* the monotonic clock */
long long pfd_sys_now (void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux */
  return now.tv_sec * NANO + now.tv_nsec;
}


/* with 'mask', if there is one, as the signal mask for as long as it sleeps */
int pfd_sys_poll (struct pollfd *fds, nfds_t n, long long timeout,
                  const sigset_t *mask) {
  struct timespec time = {.tv_sec = timeout / NANO, .tv_nsec = timeout % NANO};
  return result(ppoll(fds, n, (timeout < 0) ? NULL : &time, mask));
}


void pfd_sys_blocksignals (sigset_t *old) {
  sigset_t all;
  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, old);
}


void pfd_sys_setsignals (const sigset_t *mask) {
  (void)pthread_sigmask(SIG_SETMASK, mask, NULL);
}

/* }=================================================================== */


/*
** {=====================================================================
** a new process
** ======================================================================
*/

int pfd_sys_vfork (int (*child)(void *), void *arg, void *stack, int *pidfd) {
  int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
  return result(clone(child, stack, flags, arg, pidfd));
}


int pfd_sys_fork (int (*child)(void *), void *arg, void *stack, int *pidfd) {
  return result(clone(child, stack, CLONE_PIDFD | SIGCHLD, arg, pidfd));
}


/*
** The C library has no clone3. Its syscall() will not do: the child comes
** back from the system call on an empty stack.
*/
int pfd_sys_clone3 (CloneArgs *args, int (*child)(void *), void *arg) {
#if defined(__x86_64__) && defined(__LP64__)
  long rc;
  __asm__ volatile("syscall\n\t"
                   "test %%rax, %%rax\n\t"
                   "jnz 1f\n\t"
                   "mov %[arg], %%rdi\n\t"
                   "mov %[child], %%rax\n\t"
                   "xor %%ebp, %%ebp\n\t"
                   "call *%%rax\n\t"
                   "hlt\n"
                   "1:"
                   : "=a"(rc)
                   : "a"((long)SYS_clone3), "D"(args),
                     "S"(sizeof(*args)), [child] "r"(child), [arg] "r"(arg)
                   : "rcx", "r11", "cc", "memory");
  return (int)rc; /* the kernel itself answers with -errno */
#else
  (void)args;
  (void)child;
  (void)arg;
  return -ENOSYS;
#endif
}


int pfd_sys_exec (const char *file, const char *const *argv,
                  const char *const *envp) {
  return result(syscall(SYS_execve, file, argv, envp));
}


void pfd_sys_exit (void) {
  _exit(127);
}


/*
** The C library keeps two signals for itself and will not change them, though
** whoever started this process may have ignored them. To the kernel, zeros
** are the default, whatever the layout.
*/
void pfd_sys_defaultsignal (int sig) {
  static const unsigned long none[16];
  (void)syscall(SYS_rt_sigaction, sig, none, NULL, NSIG / 8);
}


void pfd_sys_unblocksignals (void) {
  sigset_t none;
  (void)sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
}


int pfd_sys_setsid (void) {
  return result(setsid());
}


int pfd_sys_setpgid (pid_t pgroup) {
  return result(setpgid(0, pgroup));
}


/*
** The C library's setgroups, setgid and setuid have all threads of the
** process follow suit, and the child still looks like one of them.
*/
#if !defined(SYS_setgroups32)
#define SYS_setgroups32 SYS_setgroups
#define SYS_setresgid32 SYS_setresgid
#define SYS_setresuid32 SYS_setresuid
#endif


int pfd_sys_setgroups (size_t n, const gid_t *groups) {
  return result(syscall(SYS_setgroups32, n, groups));
}


int pfd_sys_setgid (gid_t gid) {
  return result(syscall(SYS_setresgid32, gid, gid, gid));
}


int pfd_sys_setuid (uid_t uid) {
  return result(syscall(SYS_setresuid32, uid, uid, uid));
}


int pfd_sys_nonewprivs (void) {
  return result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}


int pfd_sys_pdeathsig (int sig) {
  return result(prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0));
}


pid_t pfd_sys_getppid (void) {
  return getppid();
}

/* }=================================================================== */


pid_t pfd_sys_getpid (void) {
  return getpid();
}


pid_t pfd_sys_gettid (void) {
  return (pid_t)syscall(SYS_gettid);
}


/* signal 0 only looks */
int pfd_sys_isthread (pid_t tid) {
  return syscall(SYS_tgkill, getpid(), tid, 0) == 0;
}


uid_t pfd_sys_getuid (void) {
  return getuid();
}


uid_t pfd_sys_geteuid (void) {
  return geteuid();
}


gid_t pfd_sys_getgid (void) {
  return getgid();
}


gid_t pfd_sys_getegid (void) {
  return getegid();
}


/* is it in force in the calling thread? */
int pfd_sys_hascapability (int capability) {
  struct __user_cap_header_struct header = {0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
  header.version = _LINUX_CAPABILITY_VERSION_3;
  if (syscall(SYS_capget, &header, data) != 0)
    return 0;
  return (data[capability / 32].effective & (1U << (capability % 32))) != 0;
}
