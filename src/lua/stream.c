#include "stream.h"

#include <errno.h>

#include "../compat.h"

#include "../linux/input.h"
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
** After the deadline, one more attempt is made if poll(2) reports that the file
** is ready: the data was there in time, and only this process was late. There
** is no second one. Otherwise a peer that keeps reading a few bytes could keep
** us here for ever.
*/
int pfd_stream_again (Waiter *w, int rc, int fd) {
  int nothing = (rc == -EAGAIN);
  if (rc < 0 && !nothing && rc != -EINTR)
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


typedef struct Bytes {
  const char *data;
  size_t n;
} Bytes;


static int pushbytes (lua_State *L) {
  const Bytes *bytes = (const Bytes *)lua_touserdata(L, 1);
  lua_pushlstring(L, bytes->data, bytes->n);
  return 1;
}


/*
** The caller has made sure that 'arg' is an open pidfd.fd.
**
** A finalizer or a hook may run while the string is made, and close the
** handle, or read from it: so the input is not the handle's meanwhile.
*/
void pfd_stream_push (lua_State *L, int arg, size_t n, size_t skip) {
  Bytes bytes;
  lua_pushcfunction(L, pushbytes);
  lua_pushlightuserdata(L, &bytes);
  Handle *h = (Handle *)lua_touserdata(L, arg);
  if (h->fd < 0) /* closed by a finalizer: raise */
    (void)pfd_handle_openas(L, arg, PFD_FD);
  Input *input = pfd_input_lend(&h->input);
  size_t length = pfd_input_length(input);
  bytes = (Bytes){pfd_input_data(input), (n < length) ? n : length};
  int status = lua_pcall(L, 1, 1, 0);
  if (status == LUA_OK)
    pfd_input_take(&input, bytes.n + skip);
  if (h->fd < 0)
    pfd_input_free(&input);
  h->input = input;
  if (status != LUA_OK)
    lua_error(L);
}
