#include "await.h"

#include <errno.h>
#include <poll.h>

#include "../compat.h"

#include "../linux/end.h"
#include "../linux/process.h"
#include "../linux/sys.h"
#include "block.h"
#include "handle.h"


/* what is known already, else what can be found now */
static int find (lua_State *L, Handle *p) {
  if (p->end.how != PFD_NOTYET)
    return PFD_TOLD;
  int found, tries = 0;
  do
    found = pfd_end_find(p->fd, &p->end);
  while (pfd_handle_retry(L, found, &tries));
  return found;
}


static int isself (int pidfd) {
  pid_t pid = pfd_process_pid(pidfd);
  return pid == pfd_sys_getpid() || pid == pfd_sys_gettid();
}


/*
** Sleep until there is something new to find: the end of a process that
** runs; the reaping of one that is over, which poll(2) tells unasked; or
** the whim of a tracer, of which nothing tells.
*/
static int sleepon (Sleeper *s, int pidfd, int found, long long deadline) {
  struct pollfd event = {.fd = pidfd};
  if (found == PFD_HELD) {
    long long tick = pfd_block_deadline(PFD_TICK);
    return pfd_block(s, NULL, 0, pfd_block_earlier(tick, deadline));
  }
  event.events = (found == PFD_RUNNING) ? POLLIN : 0;
  return pfd_block(s, &event, 1, deadline);
}


/* over, but nobody has told how; or not even over */
static int expire (int found, End *end) {
  *end = (End){.how = PFD_UNKNOWN};
  return (found == PFD_RUNNING) ? -ETIMEDOUT : 0;
}


/* look, and if there is nothing yet, sleep: -EINTR means to look again */
static int look (Sleeper *s, Handle *p, long long deadline, End *end) {
  int found = find(s->L, p);
  *end = p->end;
  if (found == PFD_TOLD || found < 0)
    return (found < 0) ? found : 0;
  if (found == PFD_RUNNING && isself(p->fd))
    return -EDEADLK;
  int rc = sleepon(s, p->fd, found, deadline);
  if (rc == 0 && pfd_block_past(deadline))
    return expire(found, end);
  return (rc < 0) ? rc : -EINTR;
}


int pfd_await (lua_State *L, int arg, long long deadline, End *end) {
  Sleeper s = {.L = L};
  int rc;
  do /* hooks may have closed it */
    rc = look(&s, pfd_handle_openas(L, arg, PFD_PIDFD), deadline, end);
  while (rc == -EINTR);
  return rc;
}


int pfd_await_push (lua_State *L, End end) {
  lua_pushstring(L, pfd_end_word(end.how));
  if (end.how == PFD_UNKNOWN)
    lua_pushnil(L);
  else
    lua_pushinteger(L, end.code);
  return 2;
}
