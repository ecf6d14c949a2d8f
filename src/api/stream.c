#include <poll.h>

#include "../compat.h"

#include "../linux/input.h"
#include "../linux/nowait.h"
#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "../lua/stream.h"
#include "calls.h"


/*
** fd:read (n [, timeout])
** read(2), recv(2): read what is there, up to 'n' bytes. If nothing is, wait
** for the first byte, at most 'timeout' seconds, for ever if absent, not at
** all if 0.
**
** Returns a string, which is "" only at the end of the input, or fails with
**   ETIMEDOUT   the time is over, and nothing has come
**   EBADF       'fd' is not open for reading
**   ECONNRESET  the other end of a connection has gone
**   EINVAL      a descriptor that cannot be read, such as a namespace
**   EISDIR      a directory
**   ENOMEM      no memory for so much; nothing was read
**   EBUSY       'fd:read' or 'fd:lines' is making its string: only a finalizer
**               or a hook sees this
** or another errno of read(2).
**
** It makes no difference whether O_NONBLOCK is set, and it stays as it is.
** What 'fd:lines' has read ahead comes first. An error while it waits, as
** Ctrl-C raises one, or a lack of memory takes nothing: the next call returns
** it. The input of a pseudo-terminal's master ends, with "", when nobody has
** its slave open: read(2) says EIO then. Of a datagram, what is over 'n' bytes
** is lost. Signal handlers of Lua run meanwhile.
*/
int pfd_l_read (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_FD);
  size_t n = pfd_arg_size(L, 2);
  Waiter w = {.s = {.L = L}, .events = POLLIN};
  w.deadline = pfd_arg_timeout(L, 3);
  int rc;
  do { /* a hook may have closed it, or read from it */
    pfd_stream_prepare(&w);
    Handle *h = pfd_handle_openas(L, 1, PFD_FD);
    int fd = h->fd;
    rc = 1;
    if (!pfd_input_istakable(h->input))
      rc = pfd_input_fill(&h->input, fd, n);
    if (rc >= 0) {
      pfd_stream_push(&w, 1, n, 0);
      return 1;
    }
    rc = pfd_stream_again(&w, rc, fd);
    lua_pop(L, 2); /* what was prepared */
  } while (rc == 0);
  return pfd_fail(L, pfd_about(L, "read", 1), rc);
}


/*
** fd:write (s [, timeout])
** write(2), send(2): write all of 's', and wait for room at most 'timeout'
** seconds, for ever if absent, not at all if 0.
**
** Returns true, or fails with
**   EPIPE      nobody will read it
**   ETIMEDOUT  the time is over
**   EBADF      'fd' is not open for writing
**   EINVAL     a descriptor that cannot be written, such as a namespace
**   ENOSPC     the disk is full
**   EMSGSIZE   too long for one datagram
** or another errno of write(2); the fourth value is how many bytes of 's' were
** written.
**
** No SIGPIPE comes of it. It makes no difference whether O_NONBLOCK is set,
** and it stays as it is. The time is for the whole, also if there is always
** room: once it is over, no more is written. Signal handlers of Lua run
** meanwhile; if one raises an error, as Ctrl-C does, nothing tells how much
** was written.
*/
int pfd_l_write (lua_State *L) {
  size_t length, written = 0;
  (void)pfd_handle_openas(L, 1, PFD_FD);
  luaL_checktype(L, 2, LUA_TSTRING);
  (void)lua_tolstring(L, 2, &length);
  Waiter w = {.s = {.L = L}, .events = POLLOUT};
  w.deadline = pfd_arg_timeout(L, 3);
  int rc = 0;
  while (written < length && rc == 0) { /* a hook may have closed it */
    int fd = pfd_handle_openas(L, 1, PFD_FD)->fd;
    const char *s = pfd_arg_again(L, 2, length);
    size_t rest = length - written;
    rc = pfd_nowait_write(fd, s + written,
                          (rest < PFD_MAXTRANSFER) ? rest : PFD_MAXTRANSFER);
    if (rc > 0)
      written += (size_t)rc;
    if (written < length)
      rc = pfd_stream_again(&w, rc, fd);
  }
  if (written == length)
    return pfd_ok(L);
  int n = pfd_fail(L, pfd_about(L, "write", 1), rc);
  lua_pushinteger(L, (lua_Integer)written);
  return n + 1;
}
