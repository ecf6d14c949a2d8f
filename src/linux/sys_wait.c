#define _GNU_SOURCE /* ppoll */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "sys.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/select.h>
#include <time.h>


#define NANO 1000000000LL

/* how often to look where select(2) cannot tell: ten milliseconds */
#define TICK 10000000LL

#define WORDBITS (CHAR_BIT * sizeof(unsigned long))


/* the monotonic clock */
long long pfd_sys_now (void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux */
  return now.tv_sec * NANO + now.tv_nsec;
}


static struct timespec totimespec (long long time) {
  return (struct timespec){.tv_sec = time / NANO, .tv_nsec = time % NANO};
}


/* mark those that are closed, and return how many; the highest in '*top' */
static int markclosed (struct pollfd *fds, nfds_t n, int *top) {
  int closed = 0;
  *top = -1;
  for (nfds_t i = 0; i < n; i++) {
    fds[i].revents = 0;
    if (fds[i].fd < 0)
      continue;
    if (!pfd_sys_isopen(fds[i].fd)) {
      fds[i].revents = POLLNVAL;
      closed++;
    }
    *top = (fds[i].fd > *top) ? fds[i].fd : *top;
  }
  return closed;
}


/* set the bits of those that want POLLIN; returns how many there are */
static int setbits (const struct pollfd *fds, nfds_t n, unsigned long *bits) {
  int wanted = 0;
  for (nfds_t i = 0; i < n; i++)
    if (fds[i].fd >= 0 && (fds[i].events & POLLIN)) {
      size_t fd = (size_t)fds[i].fd;
      bits[fd / WORDBITS] |= 1UL << (fd % WORDBITS);
      wanted++;
    }
  return wanted;
}


static int getbits (struct pollfd *fds, nfds_t n, const unsigned long *bits) {
  int ready = 0;
  for (nfds_t i = 0; i < n; i++) {
    size_t fd = (size_t)fds[i].fd;
    if (fds[i].fd >= 0 && (fds[i].events & POLLIN) &&
        (bits[fd / WORDBITS] & (1UL << (fd % WORDBITS)))) {
      fds[i].revents = POLLIN;
      ready++;
    }
  }
  return ready;
}


/*
** The kernel does not care for the size of an fd_set: it reads and writes
** as many bits as it is told. Returns -EINTR when it has slept for a tick
** only, because there is something that select(2) does not wait for.
*/
static int selectbits (struct pollfd *fds, nfds_t n, unsigned long *bits,
                       int top, long long timeout, const sigset_t *mask) {
  int partly = setbits(fds, n, bits) < (int)n;
  int shortened = partly && (timeout < 0 || timeout > TICK);
  struct timespec time = totimespec(shortened ? TICK : timeout);
  int forever = timeout < 0 && !shortened;
  int rc = pfd_sys_result(
    pselect(top + 1, (fd_set *)bits, NULL, NULL, forever ? NULL : &time, mask));
  if (rc == 0 && shortened)
    return -EINTR;
  return (rc > 0) ? getbits(fds, n, bits) : rc;
}


/*
** poll(2) refuses more entries than RLIMIT_NOFILE, and so each single one
** where that has been lowered to 0, though the descriptors are open still.
** select(2) has no such limit. It tells POLLIN only.
*/
static int pollbyselect (struct pollfd *fds, nfds_t n, long long timeout,
                         const sigset_t *mask) {
  int top;
  int closed = markclosed(fds, n, &top);
  if (closed > 0)
    return closed;
  size_t words = (size_t)(top + 1) / WORDBITS + 1;
  unsigned long *bits = calloc(words, sizeof(*bits));
  if (bits == NULL)
    return -ENOMEM;
  int rc = selectbits(fds, n, bits, top, timeout, mask);
  free(bits);
  return rc;
}


/* with 'mask', if there is one, as the signal mask for as long as it sleeps */
int pfd_sys_poll (struct pollfd *fds, nfds_t n, long long timeout,
                  const sigset_t *mask) {
  struct timespec time = totimespec(timeout);
  int rc = pfd_sys_result(ppoll(fds, n, (timeout < 0) ? NULL : &time, mask));
  return (rc == -EINVAL && n > 0) ? pollbyselect(fds, n, timeout, mask) : rc;
}


void pfd_sys_blocksignals (sigset_t *old) {
  sigset_t all;
  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, old);
}


void pfd_sys_setsignals (const sigset_t *mask) {
  (void)pthread_sigmask(SIG_SETMASK, mask, NULL);
}
