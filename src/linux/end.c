#include "end.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "process.h"
#include "sys.h"

/* a line of /proc/PID/stat has 52 numbers of 20 digits at most */
#define STATSIZE 2048


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
  static const How hows[] = {
    [CLD_EXITED] = PFD_EXIT,   [CLD_KILLED] = PFD_SIGNAL,
    [CLD_DUMPED] = PFD_SIGNAL, [CLD_TRAPPED] = PFD_TRAP,
    [CLD_STOPPED] = PFD_STOP,  [CLD_CONTINUED] = PFD_CONTINUE,
  };
  return (End){.how = hows[info->si_code],
               .code = info->si_status,
               .core = info->si_code == CLD_DUMPED};
}


End pfd_end_fromstatus (int status) {
  if (WIFEXITED(status))
    return (End){.how = PFD_EXIT, .code = WEXITSTATUS(status)};
  return (End){.how = PFD_SIGNAL,
               .code = WTERMSIG(status),
               .core = WCOREDUMP(status) != 0};
}


/* Linux 6.15 */
static int findreaped (int pidfd, End *end) {
  Info info = {.mask = PIDFD_INFO_EXIT};
  int rc = pfd_sys_info(pidfd, &info);
  int told = (rc == 0 && (info.mask & PIDFD_INFO_EXIT));
  if (told)
    *end = pfd_end_fromstatus(info.exit_code);
  return told;
}


/* field 52 of a line in which field 2 is "(any name)", spaces included */
static int parsestatus (const char *stat) {
  const char *at = strrchr(stat, ')');
  for (int field = 2; field < 52 && at != NULL; field++)
    at = strchr(at + 1, ' ');
  return (at == NULL) ? 0 : (int)strtol(at, NULL, 10);
}


/*
** In /proc/PID/stat stands the status word of a zombie. It reads 0 for
** those who may not know. The links in 'ns' take the very same
** permission, and say so: they tell whether a 0 is one.
*/
static int readstatus (int dir, int *status) {
  char text[STATSIZE];
  int file = pfd_sys_openat(dir, "stat", O_RDONLY);
  if (file < 0)
    return file;
  int length = pfd_sys_read(file, text, sizeof(text) - 1);
  (void)pfd_sys_close(file);
  if (length < 0)
    return length;
  text[length] = '\0';
  *status = parsestatus(text);
  if (*status != 0)
    return 0;
  int rc = pfd_sys_readlinkat(dir, "ns/mnt", text, sizeof(text));
  return (rc == -EACCES) ? rc : 0;
}


/* a reaped process has no links either, so it must be there still */
static int findzombie (int pidfd, End *end) {
  int dir = pfd_process_open(pidfd, "", O_RDONLY | O_DIRECTORY);
  if (dir < 0)
    return dir;
  int status;
  int rc = readstatus(dir, &status);
  (void)pfd_sys_close(dir);
  pid_t pid = pfd_process_procpid(pidfd);
  if (rc < 0 || pid < 0)
    return (pid < 0) ? pid : rc;
  *end = pfd_end_fromstatus(status);
  return 0;
}


/* it is over, and no child of ours that could be reaped */
static int findforeign (int pidfd, int reaped, End *end) {
  if (findreaped(pidfd, end))
    return PFD_TOLD;
  int rc = findzombie(pidfd, end);
  if (rc == 0)
    return PFD_TOLD;
  if (rc == -EMFILE || rc == -ENFILE)
    return rc;
  if (findreaped(pidfd, end)) /* reaped just now */
    return PFD_TOLD;
  if (rc != -ESRCH && !reaped && pfd_sys_onpidfs(pidfd) == 1)
    return PFD_UNTOLD;
  *end = (End){.how = PFD_UNKNOWN};
  return PFD_TOLD;
}


/* poll(2) first: what it says stays true, so that nothing falls in between */
int pfd_end_find (int pidfd, End *end) {
  int events = pfd_process_events(pidfd);
  if (events <= 0)
    return (events == 0) ? PFD_RUNNING : events;
  siginfo_t info = {.si_pid = 0};
  int rc = pfd_sys_waitid(pidfd, &info, WEXITED | WNOHANG | __WALL, NULL);
  if (rc == -ECHILD)
    return findforeign(pidfd, events & POLLHUP, end);
  if (rc < 0)
    return rc;
  if (info.si_pid == 0)
    return PFD_HELD;
  *end = pfd_end_fromsiginfo(&info);
  return PFD_TOLD;
}
