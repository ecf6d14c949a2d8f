#include <errno.h>
#include <poll.h>

#include "../compat.h"

#include "../linux/message.h"
#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/borrow.h"
#include "../lua/copy.h"
#include "../lua/expect.h"
#include "../lua/result.h"
#include "../lua/stream.h"
#include "calls.h"

/* where the arguments are on the stack */
enum { SOCKET = 1, DATA, LIST, TIMEOUT };


/* replace the list by a private copy; returns how many are in it */
static int readlist (lua_State *L) {
  if (lua_isnil(L, LIST))
    return 0;
  luaL_checktype(L, LIST, LUA_TTABLE);
  lua_pushvalue(L, LIST);
  pfd_copy_table(L, LIST);
  unsigned long long n = lua_rawlen(L, -1);
  if (n > PFD_MAXFDS)
    luaL_argerror(
      L, LIST,
      pfd_expect_number(L, "list of at most 253 descriptors", (lua_Integer)n));
  luaL_argcheck(L, pfd_copy_count(L) == n, LIST, PFD_NOLIST);
  lua_replace(L, LIST);
  return (int)n;
}


/* may call methods */
static int borrowelement (lua_State *L, int i) {
  const char *reason;
  luaL_checktype(L, LIST, LUA_TTABLE); /* a hook may have replaced it */
  lua_rawgeti(L, LIST, i);
  int fd = pfd_borrow_try(L, &reason);
  if (fd < 0)
    luaL_argerror(L, LIST, lua_pushfstring(L, "[%d]: %s", i, reason));
  lua_settop(L, TIMEOUT);
  return fd;
}


/* neither allocates nor calls methods */
static int isheld (lua_State *L, int from, int fd) {
  if (from == 0)
    lua_pushvalue(L, SOCKET);
  else {
    luaL_checktype(L, LIST, LUA_TTABLE);
    lua_rawgeti(L, LIST, from);
  }
  int held = pfd_borrow_isheld(L, fd);
  lua_pop(L, 1);
  return held;
}


static int areheld (lua_State *L, const Parcel *p, int socket) {
  int held = isheld(L, 0, socket);
  for (int i = 0; i < p->nfds && held; i++)
    held = isheld(L, i + 1, p->fds[i]);
  return held;
}


/*
** Borrow the socket and the descriptors. The method of one may close another:
** the second round raises then. Returns the number of the socket.
*/
static int borrow (lua_State *L, Parcel *p) {
  int socket;
  do {
    for (int i = 0; i < p->nfds; i++)
      p->fds[i] = borrowelement(L, i + 1);
    socket = pfd_borrow_arg(L, SOCKET);
  } while (!areheld(L, p, socket));
  return socket;
}


/* the kernel would drop the descriptors, and say nothing */
static int checkcarrier (lua_State *L, const Parcel *p, int socket) {
  int rc = pfd_message_iscarrier(socket);
  if (rc < 0 || p->length > 0)
    return rc;
  rc = pfd_message_isstream(socket);
  luaL_argcheck(L, rc <= 0, DATA,
                "data expected with descriptors on a stream, got ''");
  return rc;
}


/* one attempt */
static int sendsome (lua_State *L, Parcel *p, int socket) {
  int rc = (p->nfds > 0) ? checkcarrier(L, p, socket) : 0;
  return (rc < 0) ? rc : pfd_message_send(socket, p);
}


static int fail (lua_State *L, const Parcel *p, int socket, int rc) {
  const char *call = pfd_about_number(L, "send", socket);
  int n = (rc == -EOPNOTSUPP && p->nfds > 0)
            ? pfd_fail_hint(L, call, "descriptors need a unix socket", rc)
            : pfd_fail(L, call, rc);
  lua_pushinteger(L, (lua_Integer)p->sent);
  return n + 1;
}


/*
** pidfd.send (socket, data [, list [, timeout]])
** sendmsg(2), SCM_RIGHTS: send all of 'data', and with its first byte
** duplicates of the descriptors in a list, all of them to borrow. Wait for room
** at most 'timeout' seconds, for ever if absent, not at all if 0.
**
** Returns the number of bytes, or fails with
**   EPIPE        nobody will receive it
**   ETIMEDOUT    the time is over
**   EMSGSIZE     too long for one message
**   ENOTCONN, EDESTADDRREQ  not connected
**   ECONNREFUSED, ECONNRESET  the other end has gone
**   ENOTSOCK     no socket
**   EBADF        the socket, or one of the list, is not open
**   EOPNOTSUPP   descriptors need a unix socket
**   ETOOMANYREFS this user's descriptors that wait to be received are as many
**                as this process may have
**   EINVAL       a descriptor that cannot be sent, such as an io_uring
**   EPERM        the other end takes none (Linux 6.16)
**   ENOBUFS      the kernel has no buffer left for it
** or another errno of sendmsg(2); the fourth value is how many bytes of 'data'
** were sent. If that is not 0, the descriptors were.
**
** It never causes SIGPIPE, O_NONBLOCK stays as it is, and a datagram is sent
** whole or not at all. Signal handlers of Lua run meanwhile; if one raises an
** error, nothing tells how much was sent.
*/
int pfd_l_send (lua_State *L) {
  Parcel p = {.sent = 0};
  lua_settop(L, TIMEOUT);
  (void)pfd_borrow_arg(L, SOCKET);
  luaL_checktype(L, DATA, LUA_TSTRING);
  (void)lua_tolstring(L, DATA, &p.length);
  p.nfds = readlist(L);
  Waiter w = {.s = {.L = L}, .events = POLLOUT};
  w.deadline = pfd_arg_timeout(L, TIMEOUT);
  int socket, rc, more;
  do { /* a hook may have closed some */
    socket = borrow(L, &p);
    p.data = pfd_arg_again(L, DATA, p.length);
    rc = sendsome(L, &p, socket);
    more = rc < 0 || p.sent < p.length;
    if (more)
      rc = pfd_stream_again(&w, rc, socket);
  } while (more && rc == 0);
  if (more)
    return fail(L, &p, socket, rc);
  lua_pushinteger(L, (lua_Integer)p.length);
  return 1;
}
