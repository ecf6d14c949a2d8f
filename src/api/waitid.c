#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "../compat.h"

#include "../linux/end.h"
#include "../linux/sys.h"
#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/block.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "../lua/usage.h"
#include "calls.h"


static int pushchild (lua_State *L, const siginfo_t *child,
                      const Usage *usage) {
  End end = pfd_end_fromsiginfo(child);
  lua_pushstring(L, pfd_end_word(end.how));
  lua_pushinteger(L, end.code);
  lua_newtable(L);
  pfd_setinteger(L, "pid", child->si_pid);
  pfd_setinteger(L, "uid", child->si_uid);
  pfd_setboolean(L, "core", end.core);
  pfd_usage_push(L, usage);
  lua_setfield(L, -2, "rusage");
  return 3;
}


/* for p:wait, as nobody may tell of it once more */
static void remember (Handle *p, const siginfo_t *child, int options) {
  End end = pfd_end_fromsiginfo(child);
  end.unreaped = (options & WNOWAIT) != 0;
  if (end.how == PFD_EXIT || end.how == PFD_SIGNAL)
    p->end = end;
}


/* the end is an event; stopping and going on are none */
static int sleepfor (Sleeper *s, int pidfd, int options) {
  struct pollfd event = {.fd = pidfd, .events = POLLIN};
  int silent = options & (WSTOPPED | WCONTINUED);
  long long tick = pfd_block_deadline(PFD_TICK);
  int rc = pfd_block(s, &event, 1, silent ? tick : PFD_FOREVER);
  if (rc > 0) /* over, but held by a tracer, or not asked for */
    rc = pfd_block(s, NULL, 0, tick);
  return (rc == -EINTR) ? 0 : rc;
}


/* there is nothing to report yet: false, EAGAIN, or 0 values to wait for it */
static int reportnothing (lua_State *L, int pidfd, int options) {
  if (options & WNOHANG) {
    lua_pushboolean(L, 0);
    return 1;
  }
  int flags = pfd_sys_flags(pidfd);
  if (flags >= 0 && (flags & PIDFD_NONBLOCK))
    flags = -EAGAIN;
  return (flags < 0) ? pfd_fail(L, pfd_about(L, "waitid", 1), flags) : 0;
}


/* push what there is to report; 0 values if nothing yet */
static int report (lua_State *L, Handle *p, int options) {
  siginfo_t child = {.si_pid = 0};
  Usage usage;
  int rc = pfd_sys_waitid(p->fd, &child, options | WNOHANG, &usage);
  if (rc < 0)
    return pfd_fail(L, pfd_about(L, "waitid", 1), rc);
  if (child.si_pid != 0) {
    remember(p, &child, options);
    return pushchild(L, &child, &usage);
  }
  return reportnothing(L, p->fd, options);
}


/*
** p:waitid (options)
** waitid(2), P_PIDFD: wait for a child as 'options' say, which are any of
** pidfd.flags.WEXITED, WSTOPPED, WCONTINUED, WNOHANG, WNOWAIT, __WALL,
** __WCLONE.
**
** Returns how, code and a table: "exit" and the exit status; "signal",
** "stop", "trap" or "continue" and the signal's number. Returns false with
** WNOHANG and nothing to report. Or fails with
**   ECHILD  no child, or waited for already
**   EINVAL  none of the first three options, or an unknown one
**   EAGAIN  nothing to report, and the pidfd is NONBLOCK
**
** It sleeps in poll(2), not in waitid(2), so that Ctrl-C interrupts. A stop
** or continuation is no event there: it is noticed within 10 ms.
*/
int pfd_l_waitid (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  int options = (int)pfd_arg_options(L, 2);
  Sleeper s = {.L = L};
  for (;;) {
    Handle *p = pfd_handle_openas(L, 1, PFD_PIDFD); /* hooks may close it */
    int n = report(L, p, options);
    if (n > 0)
      return n;
    int rc = sleepfor(&s, p->fd, options);
    if (rc < 0)
      return pfd_fail(L, pfd_about(L, "waitid", 1), rc);
  }
}
