#include "kill.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "process.h"
#include "sys.h"
#include "world.h"

/* how long to wait for the end of a child that was killed, and how often */
#define KILLTIME 2000000000LL /* 2 s */
#define KILLPOLL 100000000LL  /* 100 ms */
#define KILLTICK 2000000LL    /* 2 ms */

/* after so many refusals of waitid(2): a filter refuses it, and always will */
#define REFUSALS 10


/* a child that was killed */
typedef struct Killed {
  struct Killed *next;
  int pidfd;
  unsigned long long id; /* of the process; 0: not known */
  pid_t pid;             /* its number; 0: not known */
  World *world;
} Killed;


/*
** Those that are not over. A thread adds one at a time, but takes the whole
** list at once. So no thread takes one off that another has just put back. In a
** process that fork(2) makes they are no children, and are forgotten there.
*/
static _Atomic(Killed *) remembered;


/*
** Reap it if it is over: 1, 0 or -errno. ECHILD: it was reaped, by the kernel
** or by another thread.
*/
static int reap (int pidfd) {
  siginfo_t info = {.si_pid = 0};
  int rc = pfd_sys_waitid(pidfd, &info, WEXITED | WNOHANG | __WALL, NULL);
  if (rc < 0)
    return (rc == -ECHILD) ? 1 : rc;
  return info.si_pid != 0;
}


/* try that again and again; the clock ends the loop, whatever else fails */
static int reapintime (int pidfd) {
  long long deadline = pfd_sys_now() + KILLTIME;
  struct pollfd event = {.fd = pidfd, .events = POLLIN};
  int rc, refusals = 0;
  do {
    (void)pfd_sys_poll(&event, 1, KILLPOLL, NULL);
    rc = reap(pidfd);
    if (rc == 1)
      return rc;
    refusals += (rc < 0);
    pfd_sys_sleep(KILLTICK);
  } while (refusals < REFUSALS && pfd_sys_now() < deadline);
  return rc;
}


static void forget (int pidfd, World *world) {
  (void)pfd_sys_close(pidfd);
  if (world != NULL)
    pfd_world_free(world);
}


static void add (Killed *killed) {
  killed->next = atomic_load(&remembered);
  while (!atomic_compare_exchange_weak(&remembered, &killed->next, killed))
    ;
}


static int remember (int pidfd, World *world) {
  Killed *killed = (Killed *)malloc(sizeof(Killed));
  if (killed == NULL)
    return 0;
  *killed = (Killed){.pidfd = pidfd, .world = world};
  if (pfd_process_id(pidfd, &killed->id) < 0)
    killed->id = 0;
  pid_t pid = pfd_process_pid(pidfd);
  killed->pid = (pid > 0) ? pid : 0;
  add(killed);
  return 1;
}


/*
** The id is not known: it could not be asked at first, or this is Linux before
** 6.9. A child keeps its number until it is reaped.
*/
static int isourzombie (const Killed *killed) {
  siginfo_t info = {.si_pid = 0};
  int options = WEXITED | WNOHANG | WNOWAIT | __WALL;
  int rc = pfd_sys_waitid(killed->pidfd, &info, options, NULL);
  if (rc == -EBADF || rc == -EINVAL) /* closed, or no pidfd */
    return 0;
  if (rc == 0 && (info.si_pid == 0 || killed->pid == 0))
    rc = -EAGAIN;
  return (rc < 0) ? rc : info.si_pid == killed->pid;
}


/*
** Is the pidfd still ours? 0: somebody has closed it by its number, as a
** program does that becomes a daemon. Then the number may be that of another
** pidfd by now, which must be neither closed nor waited for. -errno: that
** cannot be told now.
*/
static int isours (const Killed *killed) {
  unsigned long long id = 0;
  if (killed->id == 0)
    return isourzombie(killed);
  int rc = pfd_process_id(killed->pidfd, &id);
  if (rc == -EBADF || rc == -EOPNOTSUPP)
    return 0;
  return (rc < 0) ? rc : id == killed->id;
}


/*
** If there is no memory to remember the child, wait longer for it. If waitid(2)
** is refused, give up; its world stays mapped then, as the child may use it.
*/
void pfd_kill (int pidfd, World *world) {
  (void)pfd_sys_send_signal(pidfd, SIGKILL, NULL, 0);
  int rc = reapintime(pidfd);
  while (rc != 1) {
    if (remember(pidfd, world))
      return;
    if (rc < 0)
      world = NULL;
    rc = (rc < 0) ? 1 : reapintime(pidfd);
  }
  forget(pidfd, world);
}


void pfd_kill_reap (void) {
  if (atomic_load_explicit(&remembered, memory_order_relaxed) == NULL)
    return;
  Killed *next = atomic_exchange(&remembered, NULL);
  while (next != NULL) {
    Killed *killed = next;
    next = killed->next;
    int ours = isours(killed);
    int over = (ours == 1) && reap(killed->pidfd) == 1;
    if (over)
      forget(killed->pidfd, killed->world);
    if (over || ours == 0) /* the child may use the world of one that is lost */
      free(killed);
    else
      add(killed);
  }
}


/*
** When the module is unloaded. A child that is not over is reaped by init, when
** this process has ended. The cached world is unmapped last, as reaping a child
** puts its world into the cache.
*/
__attribute__((destructor)) static void unload (void) {
  pfd_kill_reap();
  Killed *next = atomic_exchange(&remembered, NULL);
  while (next != NULL) {
    Killed *killed = next;
    next = killed->next;
    if (isours(killed) == 1)
      (void)pfd_sys_close(killed->pidfd);
    free(killed);
  }
  pfd_world_unload();
}
