#include <poll.h>

#include "../compat.h"

#include "../linux/message.h"
#include "../linux/process.h"
#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/borrow.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "../lua/stream.h"
#include "calls.h"

/* where the arguments are on the stack */
enum { SOCKET = 1, MAX, TIMEOUT };


static int check (int none, void *fd) {
  (void)none;
  return pfd_process_check(*(const int *)fd);
}


/* push a handle of that type that takes the descriptor out of the message */
static void pushowner (lua_State *L, Type type, int *fd) {
  Handle *h = pfd_handle_new(L, type);
  h->fd = *fd;
  *fd = -1;
}


/* what cannot be told to be a pidfd is a descriptor in any case */
static void setfds (lua_State *L, Message *m) {
  lua_createtable(L, m->nfds, 0);
  for (int i = 0; i < m->nfds; i++) {
    int rc = pfd_handle_try(L, 0, check, &m->fds[i]);
    pushowner(L, (rc == 0) ? PFD_PIDFD : PFD_FD, &m->fds[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "fds");
}


static void setlost (lua_State *L, const Message *m) {
  pfd_setboolean(L, "truncated", m->datacut || m->fdscut);
  if (!m->datacut && !m->fdscut)
    return;
  const char *data = m->fdscut ? "both" : "data";
  lua_pushstring(L, m->datacut ? data : "fds");
  lua_setfield(L, -2, "lost");
}


/* called with the message, a light userdata, which keeps what is not pushed */
static int pushmessage (lua_State *L) {
  Message *m = (Message *)pfd_arg_pointer(L, 1);
  lua_pushlstring(L, m->data, m->length);
  lua_createtable(L, 0, 4);
  setfds(L, m);
  if (m->sender >= 0) {
    pushowner(L, PFD_PIDFD, &m->sender);
    lua_setfield(L, -2, "sender");
  }
  setlost(L, m);
  return 2;
}


/* push 'pushmessage' and the message, as the only values after the arguments */
static void prepare (lua_State *L, Message *m) {
  lua_settop(L, TIMEOUT);
  pfd_handle_pushupvalues(L);
  lua_pushcclosure(L, pushmessage, PFD_NUPVALUES);
  lua_pushlightuserdata(L, m);
}


/*
** Assumes what 'prepare' has pushed on top. Whatever it raises, as for lack of
** memory, the descriptors that have no handle yet are closed.
*/
static int finish (lua_State *L, Message *m) {
  int status = lua_pcall(L, 1, 2, 0);
  pfd_message_free(m);
  if (status != LUA_OK)
    lua_error(L);
  return 2;
}


/*
** pidfd.receive (socket, max [, timeout])
** recvmsg(2), SCM_RIGHTS, SCM_PIDFD: receive what is there, up to 'max' bytes,
** with the descriptors that came with it. If nothing is there, wait at most
** 'timeout' seconds, for ever if absent, not at all if 0.
**
** Returns a string, which of a stream is "" only at its end, and a table of
**   fds        list of the descriptors: pidfds, and a pidfd.fd for others
**   sender     a pidfd of who sent it, after pidfd.passpidfd
**   truncated  was a part of it lost?
**   lost       which: "data", what was over 'max' of a datagram; "fds",
**              descriptors; "both"
** or fails with
**   ETIMEDOUT   the time is over, and nothing has come
**   ECONNRESET  the other end of a connection has gone
**   ENOTCONN    not connected
**   ENOTSOCK    no socket
**   EBADF       not open
**   EINVAL      it listens, or is of a kind that does not receive
**   EMFILE      no descriptor left for those of the message
**   ENFILE      no descriptor left for its sender
**   ENOMEM      no memory for so much
** or another errno of recvmsg(2); then the message is where it was.
**
** O_NONBLOCK stays as it is, and what 'fd:lines' has read ahead is not taken.
** Where /proc is not mounted, before Linux 6.9, a pidfd comes as a pidfd.fd.
** Signal handlers of Lua run while it waits.
*/
int pfd_l_receive (lua_State *L) {
  Message m;
  lua_settop(L, TIMEOUT);
  (void)pfd_borrow_arg(L, SOCKET);
  size_t max = pfd_arg_size(L, MAX);
  Waiter w = {.s = {.L = L}, .events = POLLIN};
  w.deadline = pfd_arg_timeout(L, TIMEOUT);
  int socket, rc, tries = 0;
  do { /* a hook or a finalizer may have closed it */
    prepare(L, &m);
    socket = pfd_borrow_arg(L, SOCKET);
    rc = pfd_message_receive(socket, max, &m);
    if (rc == 0)
      return finish(L, &m);
    rc = pfd_handle_retry(L, rc, &tries) ? 0 : pfd_stream_again(&w, rc, socket);
  } while (rc == 0);
  return pfd_fail(L, pfd_about_number(L, "receive", socket), rc);
}
