#define _GNU_SOURCE /* ppoll */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "wide.h"

#include "sys.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
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
  return (struct timespec){.tv_sec = (time_t)(time / NANO),
                           .tv_nsec = (long)(time % NANO)};
}


/* mark those that are closed, and return how many there are */
static int markclosed (struct pollfd *fds, nfds_t n) {
  int closed = 0;
  for (nfds_t i = 0; i < n; i++) {
    int isclosed = fds[i].fd >= 0 && !pfd_sys_isopen(fds[i].fd);
    fds[i].revents = isclosed ? POLLNVAL : 0;
    closed += isclosed;
  }
  return closed;
}


/* what select(2) takes: a bit for each descriptor below 'size' */
typedef struct Bits {
  unsigned long *in, *out;
  int size;
} Bits;


static int findsize (const struct pollfd *fds, nfds_t n) {
  int size = 0;
  for (nfds_t i = 0; i < n; i++)
    if (fds[i].fd >= size)
      size = fds[i].fd + 1;
  return size;
}


static unsigned long *getword (const struct pollfd *event,
                               unsigned long *words) {
  return &words[(size_t)event->fd / WORDBITS];
}


static unsigned long getbit (const struct pollfd *event) {
  return 1UL << ((size_t)event->fd % WORDBITS);
}


/*
** Set the bits of those that want POLLIN or POLLOUT; returns how many want
** neither.
*/
static int setbits (const struct pollfd *fds, nfds_t n, const Bits *bits) {
  int others = 0;
  for (nfds_t i = 0; i < n; i++) {
    int events = (fds[i].fd < 0) ? 0 : fds[i].events;
    if (events & POLLIN)
      *getword(&fds[i], bits->in) |= getbit(&fds[i]);
    if (events & POLLOUT)
      *getword(&fds[i], bits->out) |= getbit(&fds[i]);
    others += !(events & (POLLIN | POLLOUT));
  }
  return others;
}


/* from the bits to the events; returns how many descriptors have one */
static int getbits (struct pollfd *fds, nfds_t n, const Bits *bits) {
  int ready = 0;
  for (nfds_t i = 0; i < n; i++) {
    int events = (fds[i].fd < 0) ? 0 : fds[i].events;
    if ((events & POLLIN) && (*getword(&fds[i], bits->in) & getbit(&fds[i])))
      fds[i].revents |= POLLIN;
    if ((events & POLLOUT) && (*getword(&fds[i], bits->out) & getbit(&fds[i])))
      fds[i].revents |= POLLOUT;
    ready += fds[i].revents != 0;
  }
  return ready;
}


/*
** The kernel does not care for the size of an fd_set: it reads and writes
** as many bits as it is told. 'partly': there is something that select(2)
** does not wait for. Returns -EINTR when it has slept for a tick because of
** that, and not as long as it was told.
*/
static int selectbits (const Bits *bits, int partly, long long timeout,
                       const sigset_t *mask) {
  int shortened = partly && (timeout < 0 || timeout > TICK);
  struct timespec time = totimespec(shortened ? TICK : timeout);
  const struct timespec *limit = (timeout < 0 && !shortened) ? NULL : &time;
  fd_set *in = (fd_set *)(void *)bits->in;
  fd_set *out = (fd_set *)(void *)bits->out;
  int rc = pfd_sys_result(pselect(bits->size, in, out, NULL, limit, mask));
  return (rc == 0 && shortened) ? -EINTR : rc;
}


/*
** poll(2) refuses more entries than RLIMIT_NOFILE, and so each single one
** where that has been lowered to 0, though the descriptors are open still.
** select(2) has no such limit. It tells POLLIN and POLLOUT only.
*/
static int pollbyselect (struct pollfd *fds, nfds_t n, long long timeout,
                         const sigset_t *mask) {
  int closed = markclosed(fds, n);
  if (closed > 0)
    return closed;
  Bits bits = {.size = findsize(fds, n)};
  size_t words = (size_t)bits.size / WORDBITS + 1;
  bits.in = (unsigned long *)calloc(2 * words, sizeof(*bits.in));
  if (bits.in == NULL)
    return -ENOMEM;
  bits.out = bits.in + words;
  int partly = setbits(fds, n, &bits) > 0;
  int rc = selectbits(&bits, partly, timeout, mask);
  if (rc > 0)
    rc = getbits(fds, n, &bits);
  free(bits.in);
  return rc;
}


/* with 'mask', if there is one, as the signal mask for as long as it sleeps */
int pfd_sys_poll (struct pollfd *fds, nfds_t n, long long timeout,
                  const sigset_t *mask) {
  struct timespec time = totimespec(timeout);
  int rc = pfd_sys_result(ppoll(fds, n, (timeout < 0) ? NULL : &time, mask));
  return (rc == -EINVAL && n > 0) ? pollbyselect(fds, n, timeout, mask) : rc;
}


/* less if a signal comes */
void pfd_sys_sleep (long long nanoseconds) {
  struct timespec time = totimespec(nanoseconds);
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
