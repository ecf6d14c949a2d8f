#define _GNU_SOURCE /* syscall */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "sys.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>


/*
** The kernel writes the child's number into the child's copy of 'child', and
** nothing into ours: a seccomp filter that answers 0 starts no process, and
** is not taken for one that did. No signal is sent when the child ends. On
** some machines 'child' is the fourth argument, on others the fifth.
*/
int pfd_sys_copy (int *pidfd) {
  volatile pid_t child = 0;
  unsigned long flags = CLONE_CHILD_SETTID | (pidfd ? CLONE_PIDFD : 0);
#if defined(__s390__)
  long rc = syscall(SYS_clone, 0, flags, pidfd, &child, &child);
#else
  long rc = syscall(SYS_clone, flags, 0, pidfd, &child, &child);
#endif
  if (rc == 0 && child == 0)
    return -EPERM;
  return pfd_sys_result(rc);
}


/* likewise, by clone3(2) with these flags */
int pfd_sys_copy3 (unsigned long long flags, int cgroup) {
  volatile pid_t child = 0;
  CloneArgs args = {
    .flags = flags | CLONE_CHILD_SETTID,
    .child_tid = (__u64)(size_t)&child,
    .cgroup = (__u64)cgroup,
  };
  long rc = syscall(SYS_clone3, &args, sizeof(args));
  if (rc == 0 && child == 0)
    return -EPERM;
  return pfd_sys_result(rc);
}


static int wait4_ (pid_t pid, int *status) {
#if defined(SYS_wait4)
  int rc, tries = 0;
  do
    rc = pfd_sys_result(syscall(SYS_wait4, pid, status, __WALL, (void *)NULL));
  while (pfd_sys_again(&rc, &tries));
  return rc;
#else
  (void)pid;
  (void)status;
  return -ENOSYS;
#endif
}


/*
** Not waitid(2) at first, which a filter may refuse and which is asked about;
** but some machines have nothing else, and a filter may refuse wait4(2). It
** may also answer 0, which is no child's number.
*/
int pfd_sys_reap (pid_t pid, int *status) {
  siginfo_t info = {.si_pid = 0};
  int rc = wait4_(pid, status), tries = 0;
  if (rc == pid)
    return 0;
  do
    rc = pfd_sys_result(
      syscall(SYS_waitid, P_PID, pid, &info, WEXITED | __WALL, (void *)NULL));
  while (pfd_sys_again(&rc, &tries));
  if (rc == 0 && info.si_pid != pid)
    return -EAGAIN; /* a filter answers 0, and the kernel was not asked */
  if (rc == 0)
    *status =
      (info.si_code == CLD_EXITED) ? (info.si_status << 8) : info.si_status;
  return rc;
}


/* neither a core dump, nor a program that takes one */
void pfd_sys_nodump (void) {
  (void)syscall(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
}


/* without the functions that exit(3) would call */
void pfd_sys_quit (int status) {
  for (;;)
    (void)syscall(SYS_exit_group, status);
}
