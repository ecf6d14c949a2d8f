#define _GNU_SOURCE /* CLONE_VM */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "clone.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>

#include "raw.h"
#include "sys.h"

/* where the arguments of clone(2) are; the machines do not agree */
#if defined(__s390__)
#define FLAGS 1
#define STACK 0
#else
#define FLAGS 0
#define STACK 1
#endif
#define PARENTTID 2
#if defined(__x86_64__)
#define CHILDTID 3
#else
#define CHILDTID 4
#endif

#define SHARED (CLONE_VM | CLONE_CHILD_CLEARTID)


/* of clone(2) and clone3(2) */
typedef unsigned long long Flags;


/* the C library's function leaves two signals out */
static void setmask (int how, const unsigned long *new, unsigned long *old) {
  (void)pfd_raw_call(
    SYS_rt_sigprocmask,
    (const long[PFD_RAW_ARGS]){how, (long)new, (long)old, NSIG / 8});
}


/* a child with a copy of our memory has its stack, too: a copy of this one */
static int clone2 (World *w, Flags flags) {
  long args[PFD_RAW_ARGS] = {0};
  args[FLAGS] = (long)(flags | SIGCHLD);
  args[PARENTTID] = (long)&w->pidfd;
  args[CHILDTID] = (long)&w->tid;
  if (flags & CLONE_VM)
    args[STACK] = (long)(w->stack + w->stacksize);
  args[PFD_RAW_ARGS - 1] = (long)w;
  return (int)pfd_raw_clone(SYS_clone, args);
}


/* what only clone3(2) can do */
static int clone3 (World *w, Flags flags) {
  const Launch *l = &w->launch;
  CloneArgs args = {
    .flags = flags,
    .pidfd = (__u64)(size_t)&w->pidfd,
    .child_tid = (__u64)(size_t)&w->tid,
    .exit_signal = (flags & CLONE_AUTOREAP) ? 0 : SIGCHLD,
    .cgroup = (flags & CLONE_INTO_CGROUP) ? (__u64)l->cgroup : 0,
  };
  if (flags & CLONE_VM) {
    args.stack = (__u64)(size_t)w->stack;
    args.stack_size = w->stacksize;
  }
  return (int)pfd_raw_clone(
    SYS_clone3,
    (const long[PFD_RAW_ARGS]){(long)&args, sizeof(args), 0, 0, 0, (long)w});
}


/* the kernel is too old for clone3(2), or a seccomp filter refuses it */
static int isrefused (int rc) {
  return rc == -ENOSYS || rc == -EPERM || rc == -E2BIG;
}


/* the cgroup can be entered later too, though at a higher price */
static int clonewith (World *w, Flags flags) {
  const Launch *l = &w->launch;
  Flags more = l->autoreap ? CLONE_AUTOREAP : 0;
  if (l->autokill)
    more |= CLONE_PIDFD_AUTOKILL | (l->nnp ? CLONE_NNP : 0);
  if (l->cgroup < 0)
    return (more != 0) ? clone3(w, flags | more) : clone2(w, flags);
  int rc = clone3(w, flags | more | CLONE_INTO_CGROUP);
  if (more != 0 || !isrefused(rc))
    return rc;
  w->entercgroup = 1;
  return clone2(w, flags);
}


/*
** Its number is surely still the child's if the child lives: until it gets
** our byte it does not run the program, so that its end of the pipe is open
** for as long as it lives. Ours is closed for that; 'world->closed' tells.
*/
static int openchild (World *w, pid_t pid, int report) {
  struct pollfd event = {.fd = report};
  int pidfd = pfd_sys_open(pid, 0);
  if (pidfd < 0)
    return pidfd;
  (void)pfd_sys_close(w->report);
  w->closed = 1;
  int rc = pfd_sys_pollnow(&event, 1);
  if (rc == 0)
    return pidfd;
  (void)pfd_sys_close(pidfd);
  return (rc < 0) ? rc : -ESRCH;
}


/*
** Where CLONE_PIDFD is refused, as older releases of qemu do: the child waits
** until its pidfd has been opened. If that fails, or the child cannot be told
** to go on, it is killed; it is still ours to reap, as nobody else knows of it.
*/
static int cloneandopen (World *w, int report) {
  int ends[2];
  int rc = pfd_sys_pipe(ends);
  if (rc < 0)
    return rc;
  w->go = ends[0];
  pid_t pid = clonewith(w, 0);
  w->pidfd = (pid < 0) ? pid : openchild(w, pid, report);
  rc = (w->pidfd < 0) ? w->pidfd : pfd_sys_writefile(ends[1], "", 1);
  if (rc < 0 && pid > 0)
    pfd_sys_killchild(pid);
  if (rc < 0 && w->pidfd >= 0)
    (void)pfd_sys_close(w->pidfd);
  (void)pfd_sys_close(ends[0]);
  (void)pfd_sys_close(ends[1]);
  return rc;
}


/*
** Before Linux 5.2 the kernel overlooks CLONE_PIDFD. qemu writes 0 when it has
** no descriptor left; if 0 was open before, it is not the child's pidfd.
*/
static int clonewithpidfd (World *w, Flags flags) {
  int least = pfd_sys_isopen(0) ? 1 : 0;
  w->pidfd = -1;
  int pid = clonewith(w, flags | CLONE_PIDFD);
  if (pid < 0 || w->pidfd >= least)
    return pid;
  pfd_sys_killchild(pid);
  return (w->pidfd == 0) ? -EMFILE : -ENOSYS;
}


/*
** EINVAL where our memory cannot be shared: by an emulator, or before Linux 6.2
** where the child is to have another time namespace. There is no harm if it
** was for another reason: the other ways fail with it, too.
*/
static int cloneanyhow (World *w, int report) {
  const Launch *l = &w->launch;
  w->shared =
    !l->setgid && !l->setuid && l->oomlength == 0 && pfd_raw_canshare();
  int rc = w->shared ? clonewithpidfd(w, SHARED) : -EINVAL;
  if (rc != -EINVAL)
    return rc;
  w->shared = 0;
  rc = clonewithpidfd(w, 0);
  if (rc != -EINVAL || l->autoreap || l->autokill)
    return rc;
  return cloneandopen(w, report);
}


/*
** All signals, the two of the C library as well, or the child would run
** handlers in our memory before it has reset them.
*/
int pfd_clone (World *world, int report) {
  static const unsigned long all[4] = {~0UL, ~0UL, ~0UL, ~0UL};
  unsigned long mask[4];
  setmask(SIG_BLOCK, all, mask);
  world->tid = 1;
  world->go = -1;
  world->closed = 0;
  world->entercgroup = 0;
  int rc = cloneanyhow(world, report);
  setmask(SIG_SETMASK, mask, NULL);
  return (rc < 0) ? rc : 0;
}
