#include "await.h"

#include <errno.h>
#include <poll.h>

#include "../compat.h"

#include "../linux/process.h"
#include "../linux/sys.h"
#include "arg.h"
#include "block.h"


Reap pfd_await_reap (lua_State *L, int arg) {
  static const char *const words[] = {"peek", NULL};
  if (pfd_arg_isabsent(L, arg))
    return PFD_REAP;
  (void)pfd_arg_word(L, arg, words);
  return PFD_PEEK;
}


/* is there nothing left to do? A child has to be reaped, unless we peek */
static int isknown (const Handle *p, Reap reap) {
  return p->end.how != PFD_NOTYET && (reap == PFD_PEEK || !p->end.unreaped);
}


/*
** An end that was told stays, even if its owner has reaped the child since
** and nobody would tell it again.
*/
static void remember (Handle *p, End end) {
  if (!end.child) {
    end.pid = p->end.pid;
    end.child = p->end.child;
  }
  if (end.how != PFD_UNKNOWN || p->end.how == PFD_NOTYET)
    p->end = end;
  p->end.unreaped = end.unreaped;
}


/* what is known already, else what can be found now */
static int find (lua_State *L, const Await *await, Found *found, End *end) {
  Handle *p;
  int rc, tries = 0;
  do { /* a collection may have closed it */
    p = pfd_handle_openas(L, await->arg, PFD_PIDFD);
    *found = PFD_TOLD;
    *end = p->end;
    if (isknown(p, await->reap))
      return 0;
    rc = pfd_end_find(p->fd, await->reap, end, found);
  } while (pfd_handle_retry(L, rc, &tries));
  if (rc == 0 && *found == PFD_TOLD) {
    remember(p, *end);
    *end = p->end;
  }
  return rc;
}


/*
** Sleep until there may be something new to find. poll(2) tells when a
** process that runs ends, and, without any event asked for, when one that is
** over is reaped. A tracer may release a child at any time, and no event
** reports it: so that is looked at again and again.
*/
static int sleepon (Sleeper *s, const Await *await, Found found) {
  struct pollfd event = {.fd =
                           pfd_handle_openas(s->L, await->arg, PFD_PIDFD)->fd};
  if (found == PFD_HELD) {
    long long tick = pfd_block_deadline(PFD_TICK);
    return pfd_block(s, NULL, 0, pfd_block_earlier(tick, await->deadline));
  }
  event.events = (found == PFD_RUNNING) ? POLLIN : 0;
  return pfd_block(s, &event, 1, await->deadline);
}


/* neither a process nor a thread can wait for its own end: -EDEADLK */
static int refuseself (lua_State *L, int arg) {
  int rc, tries = 0;
  do {
    int fd = pfd_handle_openas(L, arg, PFD_PIDFD)->fd;
    rc = pfd_process_isself(fd, PFD_CALLER);
  } while (pfd_handle_retry(L, rc, &tries));
  return (rc == 1) ? -EDEADLK : rc;
}


/* the time is over: it runs, or it is over and nobody has told how */
static int expire (Found found, End *end) {
  *end = (End){.how = PFD_UNKNOWN};
  return (found == PFD_RUNNING) ? -ETIMEDOUT : 0;
}


/*
** Sleep, but not for this process itself: that is checked before the first
** sleep. Sets 'over' if the time is over. After an interruption, when hooks
** have run, the caller looks again.
*/
static int rest (Sleeper *s, const Await *await, Found found, int *over) {
  int first = *over < 0;
  *over = 0;
  int rc = (first && found == PFD_RUNNING) ? refuseself(s->L, await->arg) : 0;
  if (rc == 0)
    rc = sleepon(s, await, found);
  if (rc == 0)
    *over = pfd_block_past(await->deadline);
  return (rc < 0 && rc != -EINTR) ? rc : 0;
}


int pfd_await (lua_State *L, const Await *await, End *end) {
  Sleeper s = {.L = L};
  Found found;
  int over = -1; /* before the first sleep */
  for (;;) {
    int rc = find(L, await, &found, end);
    if (rc < 0 || found == PFD_TOLD)
      return rc;
    rc = rest(&s, await, found, &over);
    if (rc < 0)
      return rc;
    if (over)
      return expire(found, end);
  }
}


int pfd_await_push (lua_State *L, End end) {
  lua_pushstring(L, pfd_end_word(end.how));
  if (end.how == PFD_UNKNOWN)
    lua_pushnil(L);
  else
    lua_pushinteger(L, end.code);
  return 2;
}
