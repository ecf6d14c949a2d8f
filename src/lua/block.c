#include "block.h"

#include <errno.h>

#include "../compat.h"

#include "../linux/sys.h"


long long pfd_block_deadline (long long nanoseconds) {
  return (nanoseconds == 0) ? PFD_NOWAIT : pfd_sys_now() + nanoseconds;
}


long long pfd_block_earlier (long long one, long long other) {
  if (one == PFD_FOREVER || other == PFD_FOREVER)
    return (one == PFD_FOREVER) ? other : one;
  return (one < other) ? one : other;
}


static long long timeleft (long long deadline) {
  if (deadline == PFD_FOREVER)
    return -1;
  long long left = deadline - pfd_sys_now();
  return (left > 0) ? left : 0;
}


int pfd_block_past (long long deadline) {
  return timeleft(deadline) == 0;
}


/* pending hooks fire when a Lua function is called, an empty one too */
static void loadnothing (lua_State *L) {
  if (luaL_loadstring(L, "") != LUA_OK)
    lua_error(L);
}


static void callnothing (lua_State *L) {
  loadnothing(L);
  lua_call(L, 0, 0);
}


/* signals are blocked: a hook that a handler sets in between would be lost */
static void movehook (lua_State *from, lua_State *to) {
  sigset_t mask;
  pfd_sys_blocksignals(&mask);
  if (lua_gethook(to) == NULL) {
    lua_sethook(to, lua_gethook(from), lua_gethookmask(from),
                lua_gethookcount(from));
    lua_sethook(from, NULL, 0, 0);
  }
  pfd_sys_setsignals(&mask);
}


/*
** The hook is lent, and comes back unless it has removed itself, as those
** of signals do: they are to fire once. It stays away if a handler has set
** another one meanwhile.
*/
static void callwithhookof (lua_State *L, lua_State *other) {
  lua_Hook hook = lua_gethook(L);
  int mask = lua_gethookmask(L);
  int count = lua_gethookcount(L);
  loadnothing(L);
  lua_sethook(L, NULL, 0, 0);
  movehook(other, L);
  int status = lua_pcall(L, 0, 0, 0);
  movehook(L, other);
  lua_sethook(L, hook, mask, count);
  if (status != LUA_OK)
    lua_error(L);
}


static void runhooks (lua_State *L, lua_State *main) {
  if (lua_gethook(L) != NULL)
    callnothing(L);
  if (main != L && lua_gethook(main) != NULL)
    callwithhookof(L, main);
}


/*
** Has a signal's handler set a hook? One that is still there after it has run
** is meant to stay: a debugger's.
*/
static int ishooked (Sleeper *s, lua_State *main) {
  lua_Hook own = lua_gethook(s->L), others = lua_gethook(main);
  int isnew =
    (own != NULL && own != s->own) || (others != NULL && others != s->main);
  s->own = own;
  s->main = others;
  return isnew;
}


/*
** A signal may have come just before the sleep: its handler has set a
** hook, and nothing would interrupt the sleep. So signals are blocked
** before this looks, and only poll(2) lets them in.
**
** This blocks signals in the calling thread only. In a process that has
** others, the kernel may give any signal to one of them, at any time: see
** 'wakeup'.
*/
static int blockunlesshooked (Sleeper *s, lua_State *main, sigset_t *mask) {
  pfd_sys_blocksignals(mask);
  int hooked = ishooked(s, main);
  if (hooked)
    pfd_sys_setsignals(mask);
  return !hooked;
}


/* a hook that seems to stay may be that of a signal that came once more */
static int hasunsure (const Sleeper *s) {
  return s->own != NULL || s->main != NULL;
}


/*
** When to look at the hooks again, even if nothing interrupts the sleep. A
** handler that runs in another thread sets a hook without interrupting this
** one.
*/
static long long wakeup (const Sleeper *s, long long deadline) {
  if (hasunsure(s))
    return pfd_block_earlier(pfd_block_deadline(PFD_TICK), deadline);
  if (pfd_sys_hasthreads())
    return pfd_block_earlier(pfd_block_deadline(PFD_GLANCE), deadline);
  return deadline;
}


/*
** Has a signal come during the sleep that ended so? If it was blocked until
** then, because an event was first, its handler has set a hook by now.
*/
static int iswoken (Sleeper *s, lua_State *main, int rc) {
  return rc == -EINTR || (rc > 0 && ishooked(s, main));
}


/* let the hooks run; for one that yields, only if there is no event by now */
static int interrupt (const Sleeper *s, lua_State *main, struct pollfd *fds,
                      nfds_t n) {
  int rc = s->yields ? pfd_sys_pollnow(fds, n) : 0;
  if (rc != 0)
    return rc;
  runhooks(s->L, main);
  return -EINTR;
}


int pfd_block_sleep (Sleeper *s, struct pollfd *fds, nfds_t n,
                     long long deadline) {
  lua_State *main = pfd_compat_mainthread(s->L);
  sigset_t mask;
  if (!blockunlesshooked(s, main, &mask))
    return interrupt(s, main, fds, n);
  long long until = wakeup(s, deadline);
  long long left = timeleft(until);
  /*
  ** Signals stay blocked for the final poll with a zero timeout. Otherwise a
  ** flood of signals could keep it from ever timing out.
  */
  int rc = pfd_sys_poll(fds, n, left, (left == 0) ? NULL : &mask);
  pfd_sys_setsignals(&mask);
  if (rc == 0 && hasunsure(s))
    runhooks(s->L, main);
  if (s->yields || !iswoken(s, main, rc))
    return (rc == 0 && until != deadline) ? -EINTR : rc;
  runhooks(s->L, main);
  return -EINTR;
}
