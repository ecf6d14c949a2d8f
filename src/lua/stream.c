#include "stream.h"

#include <errno.h>

#include "../compat.h"

#include "../linux/input.h"
#include "../linux/sys.h"
#include "arg.h"
#include "block.h"
#include "handle.h"


/*
** How long to sleep if poll(2) has reported that the file is ready, but the
** attempt failed with EAGAIN: another process was faster, or a write needs more
** room than poll(2) asks for.
*/
#define PAUSE 1000000LL


static int sleepon (Waiter *w, int fd) {
  struct pollfd event = {.fd = fd, .events = w->events};
  int rc = pfd_block(&w->s, &event, 1, w->deadline);
  w->woken = (rc > 0);
  return (rc == 0) ? -ETIMEDOUT : rc;
}


static int pause (Waiter *w) {
  long long until = pfd_block_deadline(PAUSE);
  w->woken = 0;
  return pfd_block(&w->s, NULL, 0, pfd_block_earlier(until, w->deadline));
}


/*
** No signal should interrupt an attempt, as it does not wait. One that is
** interrupted is made again. If that is so for ever, because of a seccomp
** filter, there is nothing.
*/
static int interpret (Waiter *w, int rc) {
  if (rc != -EINTR)
    w->interrupted = 0;
  return pfd_sys_again(&rc, &w->interrupted) ? 0 : rc;
}


/*
** After the deadline, one more attempt is made if poll(2) reports that the file
** is ready: the data was there in time, and only this process was late. There
** is no second one. Otherwise a peer that keeps reading a few bytes could keep
** us here for ever.
*/
int pfd_stream_again (Waiter *w, int rc, int fd) {
  rc = interpret(w, rc);
  int nothing = (rc == -EAGAIN);
  if (rc < 0 && !nothing)
    return rc;
  if (w->deadline == PFD_NOWAIT)
    return nothing ? -ETIMEDOUT : 0;
  if (w->late)
    return -ETIMEDOUT;
  rc = (nothing && w->woken) ? pause(w) : sleepon(w, fd);
  if (rc < 0 && rc != -EINTR)
    return rc;
  w->late = pfd_block_past(w->deadline);
  return 0;
}


static int pushbytes (lua_State *L) {
  const Bytes *bytes = (const Bytes *)pfd_arg_pointer(L, 1);
  lua_pushlstring(L, bytes->data, bytes->n);
  return 1;
}


void pfd_stream_prepare (Waiter *w) {
  lua_pushcfunction(w->s.L, pushbytes);
  lua_pushlightuserdata(w->s.L, &w->bytes);
}


/* the debug library may have put anything else there */
static void trim (lua_State *L, int arg) {
  if (pfd_handle_type(L, arg) == PFD_FD)
    pfd_input_trim(&((Handle *)lua_touserdata(L, arg))->input);
}


/*
** A finalizer or a hook may run while the string is made. It may close the
** handle, or read from it, or take it off the stack, so that it is collected:
** then only the bytes are still there.
*/
void pfd_stream_push (Waiter *w, int arg, size_t n, size_t skip) {
  lua_State *L = w->s.L;
  Input *input = ((Handle *)lua_touserdata(L, arg))->input;
  size_t length = pfd_input_length(input);
  w->bytes = (Bytes){pfd_input_data(input), (n < length) ? n : length};
  if (input != NULL)
    pfd_input_lend(input);
  int status = lua_pcall(L, 1, 1, 0);
  size_t taken = (status == LUA_OK) ? w->bytes.n + skip : 0;
  if (input != NULL && pfd_input_giveback(input, taken))
    trim(L, arg);
  if (status != LUA_OK)
    lua_error(L);
}
