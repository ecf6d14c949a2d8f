#include "kill.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "sys.h"
#include "world.h"

/* how long to wait for the end of a child that was killed, and how often */
#define KILLTIME 2000000000LL /* 2 s */
#define KILLPOLL 100000000LL  /* 100 ms */
#define KILLTICK 2000000LL    /* 2 ms */


/* a child that was killed */
typedef struct Killed {
  struct Killed *next;
  int pidfd;
  World *world;
} Killed;


/*
** Those that are not over. Threads add to it one by one, and one thread takes
** all at once; so none can take what another has just put back. In a process
** that fork(2) makes they are no children, and are forgotten there.
*/
static _Atomic(Killed *) remembered;


/* ECHILD: it was reaped, by the kernel or by another thread */
static int isover (int pidfd) {
  siginfo_t info = {.si_pid = 0};
  int rc = pfd_sys_waitid(pidfd, &info, WEXITED | WNOHANG | __WALL, NULL);
  return (rc == 0 && info.si_pid != 0) || rc == -ECHILD;
}


/* a time that has passed ends the loop whatever else fails */
static int isoverintime (int pidfd) {
  long long deadline = pfd_sys_now() + KILLTIME;
  struct pollfd event = {.fd = pidfd, .events = POLLIN};
  do {
    (void)pfd_sys_poll(&event, 1, KILLPOLL, NULL);
    if (isover(pidfd))
      return 1;
    pfd_sys_sleep(KILLTICK);
  } while (pfd_sys_now() < deadline);
  return 0;
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
  killed->pidfd = pidfd;
  killed->world = world;
  add(killed);
  return 1;
}


/* without memory to remember it, it is waited for longer */
void pfd_kill (int pidfd, World *world) {
  (void)pfd_sys_send_signal(pidfd, SIGKILL, NULL, 0);
  while (!isoverintime(pidfd))
    if (remember(pidfd, world))
      return;
  forget(pidfd, world);
}


void pfd_kill_reap (void) {
  if (atomic_load_explicit(&remembered, memory_order_relaxed) == NULL)
    return;
  Killed *next = atomic_exchange(&remembered, NULL);
  while (next != NULL) {
    Killed *killed = next;
    next = killed->next;
    if (isover(killed->pidfd)) {
      forget(killed->pidfd, killed->world);
      free(killed);
    }
    else
      add(killed);
  }
}


/* when the module is unloaded; what is not over is left to the end of us */
__attribute__((destructor)) static void unload (void) {
  pfd_kill_reap();
  Killed *next = atomic_exchange(&remembered, NULL);
  while (next != NULL) {
    Killed *killed = next;
    next = killed->next;
    (void)pfd_sys_close(killed->pidfd);
    free(killed);
  }
}
