#define _GNU_SOURCE /* __WALL */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "sys.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raw.h"


/* as 'pfd_raw_clone' wants it */
typedef struct Entrance {
  int (*run)(void *entrance);
  int (*child)(void *arg);
  void *arg;
} Entrance;


static int enter (void *entrance) {
  const Entrance *e = (const Entrance *)entrance;
  return e->child(e->arg);
}


/*
** The C library has no clone3. Without a stack, the child goes on with a copy
** of ours.
*/
int pfd_sys_clone3 (CloneArgs *args, int (*child)(void *), void *arg) {
  Entrance entrance = {enter, child, arg};
  return (int)pfd_raw_clone(
    SYS_clone3, (const long[PFD_RAW_ARGS]){(long)args, sizeof(*args), 0, 0, 0,
                                           (long)&entrance});
}


void pfd_sys_exit (void) {
  _exit(127);
}


/* within two seconds, or not at all */
void pfd_sys_killchild (pid_t pid) {
  int rc = 0;
  (void)kill(pid, SIGKILL);
  for (int i = 0; i < 1000 && (rc == 0 || rc == -EINTR); i++) {
    rc = pfd_sys_result(waitpid(pid, NULL, __WALL | WNOHANG));
    pfd_sys_sleep(2000000);
  }
}
