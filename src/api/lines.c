#include <poll.h>
#include <string.h>

#include "../compat.h"

#include "../linux/input.h"
#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/handle.h"
#include "../lua/stream.h"
#include "calls.h"

/*
** The upvalues of the iterator: after the two metatables, see handle.h, but no
** census, as it makes no handle: the pidfd.fd, the timeout, and whether the
** last line had no newline: then the input has ended, and must not be read
** again, or a terminal would go on.
*/
#define OBJECT lua_upvalueindex(3)
#define TIMEOUT lua_upvalueindex(4)
#define ENDED lua_upvalueindex(5)
#define UPVALUES 5


static void setended (lua_State *L, int ended) {
  lua_pushboolean(L, ended);
  lua_replace(L, ENDED);
}


static int pushend (lua_State *L) {
  setended(L, 0);
  lua_pushnil(L);
  return 1;
}


/* what is left at the end of the input: a line without a newline, or nothing */
static int pushrest (lua_State *L, Waiter *w, size_t length) {
  if (length == 0)
    return pushend(L);
  pfd_stream_push(w, 1, length, 0);
  setended(L, 1);
  return 1;
}


static int next (lua_State *L) {
  lua_settop(L, 0);
  if (lua_toboolean(L, ENDED))
    return pushend(L);
  lua_pushvalue(L, OBJECT);
  lua_pushvalue(L, TIMEOUT);
  Waiter w = {.s = {.L = L}, .events = POLLIN};
  w.deadline = pfd_arg_timeout(L, 2);
  int rc;
  do { /* a hook may have closed it, or read from it */
    pfd_stream_prepare(&w);
    Handle *h = pfd_handle_openas(L, 1, PFD_FD);
    size_t line = pfd_input_line(h->input);
    rc = 1;
    if (line == 0) {
      rc = pfd_input_fill(&h->input, h->fd, PFD_CHUNK);
      line = pfd_input_line(h->input);
    }
    if (line > 0) {
      pfd_stream_push(&w, 1, line - 1, 1);
      return 1;
    }
    if (rc == 0)
      return pushrest(L, &w, pfd_input_length(h->input));
    rc = pfd_stream_again(&w, rc, h->fd);
    lua_pop(L, 2); /* what was prepared */
  } while (rc == 0);
  return luaL_error(L, "%s: %s", pfd_about(L, "lines", 1), strerror(-rc));
}


/*
** fd:lines ([timeout])
** read(2), recv(2): read line by line.
**
** Returns an iterator. Each call of it returns the next line, without its
** newline, or nil at the end of the input; a last line need not have a
** newline. It waits for each line at most 'timeout' seconds, for ever if
** absent. It raises an error, as io.lines does, where 'fd:read' would fail;
** after "Connection timed out" it can be called again, and has lost nothing.
** EBUSY means that 'fd:read' or 'fd:lines' is making its string: only a
** finalizer or a hook sees this.
**
** It reads ahead, up to 64 KiB. What it has read and not returned stays in the
** object: 'fd:read' and other iterators go on from there, 'fd:dirty' returns
** true, 'fd:file' fails, and 'fd:release' and 'fd:close' lose it. A duplicate,
** or a child that borrows the descriptor, does not see it. 'fd' is not closed
** at the end.
*/
int pfd_l_lines (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_FD);
  (void)pfd_arg_timeout(L, 2);
  lua_settop(L, 2); /* fd, timeout */
  lua_pushvalue(L, lua_upvalueindex(PFD_PIDFD));
  lua_pushvalue(L, lua_upvalueindex(PFD_FD));
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_pushboolean(L, 0);
  lua_pushcclosure(L, next, UPVALUES);
  return 1;
}
