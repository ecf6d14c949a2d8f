#define _GNU_SOURCE /* O_CLOEXEC */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "kernel.h"

/* the C library does not give the kernel's size of a set of signals */
#define SIGNALSSIZE (NSIG / 8)

/* how often a call is made again that was interrupted */
#define TRIES 100


int pfd_child_failed (World *w, Step step, int index, int rc) {
  w->outcome.step = step;
  w->outcome.index = index;
  w->outcome.rc = rc;
  return rc;
}


static int check (World *w, Step step, int rc) {
  return (rc < 0) ? pfd_child_failed(w, step, -1, rc) : 0;
}


static void leave (void) {
  for (;;)
    (void)PFD_CALL(SYS_exit_group, 127);
}


static int isignored (int sig) {
  KernelAction action;
  action.handler = 0;
  (void)PFD_CALL(SYS_rt_sigaction, sig, 0, (long)&action, SIGNALSSIZE);
  return action.handler == (unsigned long)SIG_IGN;
}


/*
** The default action for every signal, those two included that the C library
** reserves: whoever started this process may have ignored them. To the kernel,
** zeros are the default, whatever the layout. All signals are blocked until
** this is done, so no handler of the parent runs here.
*/
static int resetsignals (World *w) {
  static const KernelAction none;
  for (int sig = 1; sig < NSIG; sig++) {
    int kept = sig <= 64 && (w->launch.keepsignals & PFD_SIGNALBIT(sig)) != 0;
    if (!kept || !isignored(sig))
      (void)PFD_CALL(SYS_rt_sigaction, sig, (long)&none, 0, SIGNALSSIZE);
  }
  return 0;
}


/* unless it was cloned there */
static int entercgroup (World *w) {
  static const char name[] = "cgroup.procs", self[] = "0";
  if (!w->entercgroup)
    return 0;
  int file =
    PFD_CALL(SYS_openat, w->launch.cgroup, (long)name, O_WRONLY | O_CLOEXEC);
  if (file < 0)
    return check(w, PFD_STEP_CGROUP, file);
  return check(w, PFD_STEP_CGROUP, PFD_CALL(SYS_write, file, (long)self, 1));
}


static int enterfamily (World *w) {
  const Launch *l = &w->launch;
  int rc = l->setsid ? PFD_CALL(SYS_setsid, 0) : 0;
  if (rc < 0)
    return check(w, PFD_STEP_SETSID, rc);
  rc = l->setpgid ? PFD_CALL(SYS_setpgid, 0, l->pgroup) : 0;
  return check(w, PFD_STEP_SETPGID, rc);
}


/* for the leader of a session: its terminal */
static int taketerminal (World *w) {
  const Launch *l = &w->launch;
  int rc = l->setctty ? PFD_CALL(SYS_ioctl, l->ctty, TIOCSCTTY, 0) : 0;
  return check(w, PFD_STEP_CTTY, rc);
}


/* as nice(2): the kernel gives, and never an error, 20 minus the value */
static int changenice (World *w) {
  int change = w->launch.nice;
  if (change == 0)
    return 0;
  int nice = 20 - PFD_CALL(SYS_getpriority, PRIO_PROCESS, 0) + change;
  if (nice < -20)
    nice = -20;
  if (nice > 19)
    nice = 19;
  return check(w, PFD_STEP_NICE,
               PFD_CALL(SYS_setpriority, PRIO_PROCESS, 0, nice));
}


static int changeoom (World *w) {
  static const char name[] = "/proc/self/oom_score_adj";
  const Launch *l = &w->launch;
  if (l->oomlength == 0)
    return 0;
  int file = PFD_CALL(SYS_openat, AT_FDCWD, (long)name, O_WRONLY | O_CLOEXEC);
  if (file < 0)
    return check(w, PFD_STEP_OPENOOM, file);
  int rc = PFD_CALL(SYS_write, file, (long)l->oom, (long)l->oomlength);
  (void)PFD_CALL(SYS_close, file);
  return check(w, PFD_STEP_WRITEOOM, rc);
}


/*
** The descriptors are in place by now: a low limit would keep them from high
** numbers. What root may raise is raised before the user changes.
*/
static int limitresources (World *w) {
  const Launch *l = &w->launch;
  if (l->setumask)
    (void)PFD_CALL(SYS_umask, (long)l->umask);
  for (size_t i = 0; i < l->nlimits; i++) {
    KernelLimit limit = {l->limits[i].soft, l->limits[i].hard};
    int rc = PFD_CALL(SYS_prlimit64, 0, l->limits[i].resource, (long)&limit, 0);
    if (rc < 0)
      return pfd_child_failed(w, PFD_STEP_LIMIT, (int)i, rc);
  }
  return 0;
}


/*
** Groups first: a user who is not root may no longer choose them. The C
** library's functions would change the user of all threads of the parent.
*/
static int changeuser (World *w) {
  const Launch *l = &w->launch;
  int rc = 0;
  if (l->setgroups)
    rc = PFD_CALL(PFD_SYS_setgroups, (long)l->ngroups, (long)l->groups);
  if (rc < 0)
    return check(w, PFD_STEP_SETGROUPS, rc);
  long gid = (long)l->gid, uid = (long)l->uid;
  rc = l->setgid ? PFD_CALL(PFD_SYS_setresgid, gid, gid, gid) : 0;
  if (rc < 0)
    return check(w, PFD_STEP_SETGID, rc);
  rc = l->setuid ? PFD_CALL(PFD_SYS_setresuid, uid, uid, uid) : 0;
  return check(w, PFD_STEP_SETUID, rc);
}


/* the kernel forgets pdeathsig when the user changes, so it comes later */
static int restrain (World *w) {
  const Launch *l = &w->launch;
  int rc = l->nnp ? PFD_CALL(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1) : 0;
  if (rc < 0)
    return check(w, PFD_STEP_NNP, rc);
  if (l->pdeathsig == 0)
    return 0;
  rc = PFD_CALL(SYS_prctl, PR_SET_PDEATHSIG, l->pdeathsig);
  int parent = PFD_CALL(SYS_getppid, 0); /* 0: in another pid namespace */
  if (rc == 0 && parent != 0 && parent != w->parent)
    leave(); /* the parent died before it could be noticed */
  return check(w, PFD_STEP_PDEATHSIG, rc);
}


static int changedirectory (World *w) {
  const char *cwd = w->launch.cwd;
  int rc = (cwd != NULL) ? PFD_CALL(SYS_chdir, (long)cwd) : 0;
  return check(w, PFD_STEP_CHDIR, rc);
}


/*
** The last step before the program, so that a signal that stops or ends the
** child finds it here as rarely as can be.
*/
static int unblocksignals (World *w) {
  static const unsigned long none[SIGNALSSIZE / sizeof(long)];
  (void)w;
  (void)PFD_CALL(SYS_rt_sigprocmask, SIG_SETMASK, (long)none, 0, SIGNALSSIZE);
  return 0;
}


/* the place has no such file: nothing to tell of */
static int isabsent (int rc) {
  return rc == -ENOENT || rc == -ENOTDIR || rc == -ESTALE || rc == -ENODEV ||
         rc == -ETIMEDOUT;
}


/* the file was found, or the call would fail with any file */
static int isfinal (int rc) {
  static const short errors[] = {ENOEXEC, E2BIG,  ETXTBSY, ENOMEM,  EAGAIN,
                                 EMFILE,  ENFILE, EINVAL,  ELIBBAD, EFAULT,
                                 EISDIR,  ENOSYS, EINTR};
  for (unsigned int i = 0; i < sizeof(errors) / sizeof(*errors); i++)
    if (rc == -errors[i])
      return 1;
  return 0;
}


/*
** Try each file. One that cannot be reached or executed does not hide the
** later ones; the first such failure is told if there is no other program.
*/
static int execute (World *w) {
  const Launch *l = &w->launch;
  int first = -ENOENT, index = (l->files[1] == NULL) ? 0 : -1;
  for (int i = 0; l->files[i] != NULL; i++) {
    int rc =
      PFD_CALL(SYS_execve, (long)l->files[i], (long)l->argv, (long)l->envp);
    if (isfinal(rc) || l->files[1] == NULL)
      return pfd_child_failed(w, PFD_STEP_EXECVE, i, rc);
    if (index < 0 && !isabsent(rc)) {
      first = rc;
      index = i;
    }
  }
  return pfd_child_failed(w, PFD_STEP_EXECVE, index, first);
}


/*
** Where the child had to be cloned without a pidfd: wait until the parent has
** opened one. Signals are blocked: only a seccomp filter interrupts this.
*/
static int awaitparent (World *w) {
  char byte;
  int rc, tries = 0;
  if (w->go < 0)
    return 0;
  do
    rc = PFD_CALL(SYS_read, w->go, (long)&byte, 1);
  while (rc == -EINTR && ++tries < TRIES);
  if (rc == 0) /* it has given up */
    leave();
  return check(w, PFD_STEP_GO, rc);
}


int pfd_child_run (void *world) {
  static int (*const steps[])(World *) = {
    resetsignals,
    awaitparent,
    entercgroup,
    enterfamily,
    pfd_move_report,
    pfd_move_descriptors,
    pfd_move_closeothers,
    taketerminal,
    changenice,
    changeoom,
    limitresources,
    changeuser,
    restrain,
    changedirectory,
    unblocksignals,
    execute,
  };
  World *w = (World *)world;
  unsigned int i = 0;
  while (i < sizeof(steps) / sizeof(*steps) && steps[i](w) == 0)
    i++;
  (void)PFD_CALL(SYS_write, w->report, (long)"", 1); /* look! */
  leave();
  return 0;
}
