#include "end.h"

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>

#include "kill.h"
#include "process.h"
#include "sys.h"

#define PATHSIZE 64


const char *pfd_end_word (How how) {
  static const char *const words[] = {
    [PFD_NOTYET] = NULL,         [PFD_EXIT] = "exit",
    [PFD_SIGNAL] = "signal",     [PFD_STOP] = "stop",
    [PFD_CONTINUE] = "continue", [PFD_TRAP] = "trap",
    [PFD_UNKNOWN] = "unknown",
  };
  return words[how];
}


End pfd_end_fromsiginfo (const siginfo_t *info) {
  static const unsigned char hows[] = {
    [CLD_EXITED] = PFD_EXIT,   [CLD_KILLED] = PFD_SIGNAL,
    [CLD_DUMPED] = PFD_SIGNAL, [CLD_TRAPPED] = PFD_TRAP,
    [CLD_STOPPED] = PFD_STOP,  [CLD_CONTINUED] = PFD_CONTINUE,
  };
  return (End){.how = hows[info->si_code],
               .code = (unsigned short)info->si_status,
               .core = info->si_code == CLD_DUMPED,
               .child = 1,
               .pid = info->si_pid};
}


int pfd_end_childpid (const End *end) {
  return end->child ? end->pid : 0;
}


End pfd_end_fromstatus (int status) {
  if (WIFEXITED(status))
    return (End){.how = PFD_EXIT, .code = (unsigned short)WEXITSTATUS(status)};
  return (End){.how = PFD_SIGNAL,
               .code = WTERMSIG(status),
               .core = WCOREDUMP(status) != 0};
}


/*
** Errors of reading /proc that last: there is none, it hides the process, the
** process is in another pid namespace, or we may not look. Any other error is
** of the moment, such as ENOMEM or EMFILE, and no answer to anything.
*/
static int islasting (int rc) {
  return rc == -ENOENT || rc == -ENOTDIR || rc == -EACCES || rc == -EPERM ||
         rc == -EREMOTE || rc == -ENOSYS;
}


/*
** Linux 6.15: 1 if the kernel tells it, 0 if it does not, or -errno. Before
** Linux 6.13, and before the process is reaped, it does not.
*/
static int findreaped (int pidfd, End *end) {
  Info info = {.mask = PIDFD_INFO_EXIT};
  int rc = pfd_sys_info(pidfd, &info);
  if (rc == -ENOTTY || rc == -EINVAL || rc == -ESRCH || islasting(rc))
    return 0;
  if (rc < 0)
    return rc;
  if (!(info.mask & PIDFD_INFO_EXIT))
    return 0;
  *end = pfd_end_fromstatus(info.exit_code);
  return 1;
}


/*
** In /proc/PID/stat stands the status word of a zombie. It reads 0 for
** those who may not know. The links in 'ns' take the very same
** permission, and say so: they tell whether a 0 is one.
*/
static int readstatus (int dir, int *status) {
  char target[PATHSIZE];
  long long value = 0;
  int rc = pfd_process_stat(dir, "stat", PFD_EXITCODE, &value);
  *status = (int)value;
  if (rc < 0 || value != 0)
    return rc;
  rc = pfd_sys_readlinkat(dir, "ns/mnt", target, sizeof(target));
  return (rc == -ENOENT || rc >= 0) ? 0 : rc; /* a zombie has no link */
}


static int readzombie (int pidfd, int *status) {
  int dir = pfd_process_open(pidfd, "", O_RDONLY | O_DIRECTORY);
  if (dir < 0)
    return dir;
  int rc = readstatus(dir, status);
  (void)pfd_sys_close(dir);
  return rc;
}


/*
** A reaped process has no links either. So the pidfd is asked afterwards
** whether the process is still there. ESRCH counts only if the pidfd says so.
*/
static int findzombie (int pidfd, End *end) {
  int status = 0;
  int rc = readzombie(pidfd, &status);
  pid_t pid = pfd_process_procpid(pidfd);
  if (pid < 0)
    return pid;
  if (rc == 0)
    *end = pfd_end_fromstatus(status);
  return (rc == -ESRCH) ? -EIO : rc;
}


/* it is over, and nobody tells how; the kernel may when its parent reaps it */
static int findnobody (int pidfd, int reaped, End *end, Found *found) {
  int onpidfs = reaped ? 0 : pfd_sys_onpidfs(pidfd);
  if (onpidfs < 0)
    return onpidfs;
  *found = (onpidfs == 1) ? PFD_UNTOLD : PFD_TOLD;
  *end = (End){.how = PFD_UNKNOWN};
  return 0;
}


/* it is over, and no child of ours that could be reaped */
static int findforeign (int pidfd, int reaped, End *end, Found *found) {
  *found = PFD_TOLD;
  int told = findreaped(pidfd, end);
  if (told != 0)
    return (told < 0) ? told : 0;
  int rc = findzombie(pidfd, end);
  if (rc == 0 || (rc != -ESRCH && !islasting(rc)))
    return rc;
  told = findreaped(pidfd, end); /* it may have been reaped just now */
  if (told != 0)
    return (told < 0) ? told : 0;
  return findnobody(pidfd, reaped || rc == -ESRCH, end, found);
}


/* poll(2) first: what it says stays true, so that nothing falls in between */
int pfd_end_find (int pidfd, Reap reap, End *end, Found *found) {
  pfd_kill_reap();
  *found = PFD_RUNNING;
  int events = pfd_process_events(pidfd);
  if (events <= 0)
    return events;
  siginfo_t info = {.si_pid = 0};
  int options = WEXITED | WNOHANG | __WALL | ((reap == PFD_PEEK) ? WNOWAIT : 0);
  int rc = pfd_sys_waitid(pidfd, &info, options, NULL);
  if (rc == -ECHILD)
    return findforeign(pidfd, events & POLLHUP, end, found);
  if (rc < 0)
    return rc;
  *found = (info.si_pid == 0) ? PFD_HELD : PFD_TOLD;
  if (*found == PFD_TOLD) {
    *end = pfd_end_fromsiginfo(&info);
    end->unreaped = (reap == PFD_PEEK);
  }
  return 0;
}
