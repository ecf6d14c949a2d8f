#define _GNU_SOURCE /* __WALL */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "sys.h"

#include <errno.h>
#include <sys/wait.h>


/* within two seconds, or not at all */
void pfd_sys_killchild (pid_t pid) {
  (void)kill(pid, SIGKILL);
  for (int i = 0; i < 1000; i++) {
    int rc = pfd_sys_result(waitpid(pid, NULL, __WALL | WNOHANG));
    if (rc != 0 && rc != -EINTR)
      return;
    pfd_sys_sleep(2000000);
  }
}
