#define _GNU_SOURCE /* gettid */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "wide.h"

#include "sys.h"

#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 32)
#include <sys/single_threaded.h>
#define PFD_SINGLETHREADED __libc_single_threaded
#endif


pid_t pfd_sys_getpid (void) {
  return getpid();
}


pid_t pfd_sys_gettid (void) {
  return (pid_t)syscall(SYS_gettid);
}


/* 0: its leader is outside of our pid namespace */
pid_t pfd_sys_getpgrp (void) {
  return getpgrp();
}


/* signal 0 only looks */
int pfd_sys_isthread (pid_t tid) {
  return syscall(SYS_tgkill, getpid(), tid, 0) == 0;
}


/*
** Does the process have other threads than the calling one? 1 where it
** cannot be told. A directory of /proc has two links, and one more for
** each directory in it: here, for each thread.
*/
int pfd_sys_hasthreads (void) {
#if defined(PFD_SINGLETHREADED)
  return !PFD_SINGLETHREADED;
#else
  struct stat status;
  return stat("/proc/self/task", &status) != 0 || status.st_nlink != 3;
#endif
}


/* 0 where the kernel reaps children by itself, 1 where zombies stay */
int pfd_sys_keepszombies (void) {
  struct sigaction action;
  return sigaction(SIGCHLD, NULL, &action) == 0 &&
         action.sa_handler != SIG_IGN && !(action.sa_flags & SA_NOCLDWAIT);
}


/* by uname(2): major and minor number, as in "6.9" */
int pfd_sys_isbefore (const char *version) {
  struct utsname kernel;
  char *rest, *wanted;
  if (uname(&kernel) != 0)
    return 0;
  long major = strtol(kernel.release, &rest, 10) - strtol(version, &wanted, 10);
  if (major != 0 || *rest != '.')
    return major < 0;
  return strtol(rest + 1, NULL, 10) < strtol(wanted + 1, NULL, 10);
}


int pfd_sys_killgroup (pid_t leader, int sig) {
  return pfd_sys_result(kill(-leader, sig));
}


int pfd_sys_killthread (pid_t pid, pid_t tid, int sig) {
  return pfd_sys_result(syscall(SYS_tgkill, pid, tid, sig));
}


int pfd_sys_queuethread (pid_t pid, pid_t tid, int sig, siginfo_t *info) {
  return pfd_sys_result(syscall(SYS_rt_tgsigqueueinfo, pid, tid, sig, info));
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


int pfd_sys_populate (void *start, size_t size) {
  return pfd_sys_result(madvise(start, size, MADV_POPULATE_WRITE));
}
