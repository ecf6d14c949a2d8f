#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "../compat.h"

#include "../linux/kernel.h"
#include "../linux/sys.h"
#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/copy.h"
#include "../lua/expect.h"
#include "../lua/explain.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


/*
** p:mrelease ()
** process_mrelease(2): free the memory of a process that has been killed,
** without waiting until it gets round to that itself.
**
** Returns true, or fails with
**   EINVAL  it is not about to die, or lives in a foreign pid namespace
**   ESRCH   it has ended: its memory is free already
**   EAGAIN  not all could be freed: try again
**   ENOSYS  before Linux 5.15
*/
int pfd_l_mrelease (lua_State *L) {
  Handle *p = pfd_handle_openas(L, 1, PFD_PIDFD);
  int rc = pfd_sys_mrelease(p->fd);
  if (rc == 0)
    return pfd_ok(L);
  const char *call = pfd_about(L, "mrelease", 1);
  return (rc == -ENOSYS) ? pfd_fail_before(L, call, "5.15", rc)
                         : pfd_fail(L, call, rc);
}


/* a number, or the name of what another process may be advised */
static int checkadvice (lua_State *L, int arg) {
  static const char *const names[] = {"COLD", "PAGEOUT", "WILLNEED", "COLLAPSE",
                                      NULL};
  static const int advices[] = {MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED,
                                MADV_COLLAPSE};
  if (lua_type(L, arg) == LUA_TNUMBER)
    return pfd_arg_int(L, arg);
  return advices[pfd_arg_word(L, arg, names)];
}


/* raise about range 'i' of the list; the value that is wrong is on top */
static void badrange (lua_State *L, int arg, size_t i, const char *what) {
  const char *reason = pfd_expect(L, what, lua_gettop(L));
  luaL_argerror(L, arg, lua_pushfstring(L, "[%d]: %s", (int)i + 1, reason));
}


/* push that field of the range on top, an integer: is it from 'lo' to 'hi'? */
static int getfield (lua_State *L, int field, lua_Integer lo, lua_Integer hi) {
  int isinteger;
  lua_rawgeti(L, -1, field);
  lua_Integer n = pfd_compat_integer(L, -1, &isinteger);
  return isinteger && n >= lo && n <= hi;
}


/* pop the range on top; an address may be a negative integer of 64 bits */
static struct iovec checkrange (lua_State *L, int arg, size_t i) {
  int iswide = sizeof(uintptr_t) > 4;
  lua_Integer first = iswide ? LLONG_MIN : 0;
  lua_Integer last = iswide ? LLONG_MAX : UINT_MAX;
  if (lua_type(L, -1) != LUA_TTABLE)
    badrange(L, arg, i, "{address, length}");
  if (!getfield(L, 1, first, last))
    badrange(L, arg, i, "address in bytes");
  uintptr_t address = (uintptr_t)lua_tointeger(L, -1);
  lua_pop(L, 1);
  if (!getfield(L, 2, 0, PTRDIFF_MAX))
    badrange(L, arg, i, "length in bytes");
  struct iovec range = {.iov_len = (size_t)lua_tointeger(L, -1)};
  memcpy(&range.iov_base, &address, sizeof(address));
  lua_pop(L, 2);
  return range;
}


/* push a copy of the list at 'arg', and memory of Lua's with its ranges */
static struct iovec *checkranges (lua_State *L, int arg, size_t *n) {
  (void)pfd_arg_length(L, arg);
  *n = pfd_copy_list(L, arg);
  int list = lua_gettop(L);
  struct iovec *ranges =
    (struct iovec *)lua_newuserdatauv(L, *n * sizeof(struct iovec), 0);
  for (size_t i = 0; i < *n; i++) {
    lua_rawgeti(L, list, (lua_Integer)i + 1);
    ranges[i] = checkrange(L, arg, i);
  }
  return ranges;
}


/*
** p:madvise (advice, ranges)
** process_madvise(2): tell the kernel what to expect of the memory of
** another process: "COLD", "PAGEOUT", "WILLNEED", "COLLAPSE" (since Linux
** 6.1) or a number. A range is {address, length} in bytes, as in its
** /proc/PID/maps.
**
** Returns for how many bytes it was heeded, maybe fewer than asked for, or
** fails with
**   EINVAL  unknown advice, more than 1024 ranges, or an address that is
**           not a multiple of the page size
**   ENOMEM  there is nothing mapped
**   EFAULT  a range that cannot be advised, such as "[vsyscall]"
**   EBUSY, EIO  a page is in use, or cannot be read
**   EACCES  no ptrace access to that process, to read; before Linux 5.12, to
**           attach
**   EPERM   no CAP_SYS_NICE
**   ESRCH   it has ended
**   ENOSYS  before Linux 5.10
*/
int pfd_l_madvise (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  int advice = checkadvice(L, 2);
  size_t n;
  const struct iovec *ranges = checkranges(L, 3, &n);
  const Handle *p = pfd_handle_openas(L, 1, PFD_PIDFD);
  ssize_t rc = pfd_sys_madvise(p->fd, ranges, n, advice);
  if (rc >= 0) {
    lua_pushinteger(L, rc);
    return 1;
  }
  const char *since = (advice == MADV_COLLAPSE) ? "6.1" : "5.10";
  int results = pfd_fail_before(L, pfd_about(L, "madvise", 1), since, (int)rc);
  if (rc == -EACCES)
    pfd_explain(L, 1, PFD_READ);
  return results;
}
