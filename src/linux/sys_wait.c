#define _GNU_SOURCE /* ppoll */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "sys.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>


#define NANO 1000000000LL


/* the monotonic clock */
long long pfd_sys_now (void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux */
  return now.tv_sec * NANO + now.tv_nsec;
}


/* with 'mask', if there is one, as the signal mask for as long as it sleeps */
int pfd_sys_poll (struct pollfd *fds, nfds_t n, long long timeout,
                  const sigset_t *mask) {
  struct timespec time = {.tv_sec = (time_t)(timeout / NANO),
                          .tv_nsec = (long)(timeout % NANO)};
  return pfd_sys_result(ppoll(fds, n, (timeout < 0) ? NULL : &time, mask));
}


/* less if a signal comes */
void pfd_sys_sleep (long long nanoseconds) {
  struct timespec time = {.tv_sec = (time_t)(nanoseconds / NANO),
                          .tv_nsec = (long)(nanoseconds % NANO)};
  (void)nanosleep(&time, NULL);
}


void pfd_sys_blocksignals (sigset_t *old) {
  sigset_t all;
  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, old);
}


void pfd_sys_setsignals (const sigset_t *mask) {
  (void)pthread_sigmask(SIG_SETMASK, mask, NULL);
}


/* a thread that is cancelled in between would leave all as it is */
int pfd_sys_forbidcancel (void) {
  int old;
  (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
  return old;
}


void pfd_sys_allowcancel (int old) {
  (void)pthread_setcancelstate(old, NULL);
}
