#define _GNU_SOURCE /* clone */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "sys.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>


int pfd_sys_vfork (int (*child)(void *), void *arg, void *stack, int *pidfd) {
  int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
  return pfd_sys_result(clone(child, stack, flags, arg, pidfd));
}


int pfd_sys_fork (int (*child)(void *), void *arg, void *stack, int *pidfd) {
  return pfd_sys_result(clone(child, stack, CLONE_PIDFD | SIGCHLD, arg, pidfd));
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
  return pfd_sys_result(syscall(SYS_execve, file, argv, envp));
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
  return pfd_sys_result(setsid());
}


int pfd_sys_setpgid (pid_t pgroup) {
  return pfd_sys_result(setpgid(0, pgroup));
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
  return pfd_sys_result(syscall(SYS_setgroups32, n, groups));
}


int pfd_sys_setgid (gid_t gid) {
  return pfd_sys_result(syscall(SYS_setresgid32, gid, gid, gid));
}


int pfd_sys_setuid (uid_t uid) {
  return pfd_sys_result(syscall(SYS_setresuid32, uid, uid, uid));
}


int pfd_sys_nonewprivs (void) {
  return pfd_sys_result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}


int pfd_sys_pdeathsig (int sig) {
  return pfd_sys_result(prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0));
}


pid_t pfd_sys_getppid (void) {
  return getppid();
}
