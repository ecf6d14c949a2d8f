/*
** A pidfd.fd that is read or written: attempts that never wait, see
** nowait.h, and a sleep between two of them. What was read is kept in the
** handle until Lua has it, so that neither an error nor a lack of memory
** loses any of it.
*/

#ifndef pfd_stream_h
#define pfd_stream_h

#include "../compat.h"
#include <stddef.h>

#include "block.h"

#pragma GCC visibility push(hidden)


typedef struct Bytes {
  const char *data;
  size_t n;
} Bytes;


/* who waits between two attempts of a call; from 'woken' on, all is 0 first */
typedef struct Waiter {
  Sleeper s;
  short events; /* of poll(2): when to try again */
  long long deadline;
  int woken;       /* poll(2) has said that the next attempt will not fail */
  int late;        /* the last attempt was made after the deadline */
  int interrupted; /* so many attempts in a row, none of which waits */
  Bytes bytes;     /* to be made a string */
} Waiter;

/*
** After an attempt with the result 'rc' that was not enough: sleep until
** another one makes sense. Returns 0 then; or -ETIMEDOUT, or the error that
** 'rc' is. Hooks may run, as in pfd_block, and may close the handle.
*/
int pfd_stream_again (Waiter *w, int rc, int fd);

/*
** Push two values that 'pfd_stream_push' needs. That may take memory: a
** finalizer that runs then may read, so this comes before a look at the input.
*/
void pfd_stream_prepare (Waiter *w);

/*
** Push the first 'n' bytes, or fewer if there are fewer, of the input of the
** pidfd.fd at 'arg', then take 'skip' more from it. If that raises, nothing
** was taken. Assumes that no Lua code has run since the handle was looked up,
** and that what was prepared is on top.
*/
void pfd_stream_push (Waiter *w, int arg, size_t n, size_t skip);


#pragma GCC visibility pop

#endif
