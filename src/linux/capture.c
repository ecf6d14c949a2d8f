#include "capture.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "nowait.h"
#include "sys.h"

/* how much room there is in memory before each read */
#define CHUNK ((size_t)65536)

/* of a new pipe: one that was as full as that is made larger */
#define PIPESIZE CHUNK

/*
** From this size on, an output gets its memory a window at a time. A window
** begins at a multiple of ALIGNMENT, so that it begins with a page, whatever
** the size of a page is.
*/
#define LARGEOUTPUT ((size_t)4 << 20)
#define WINDOW ((size_t)1 << 20)
#define ALIGNMENT ((size_t)65536)

/* the most that every user may ask for, unless the administrator says less */
#define LARGEPIPE (1 << 20)


/*
** Larger pipes take fewer turns. Only those through which much goes are made
** larger, for a user may have so much memory in all his pipes, and no more.
*/
static void widen (int pipe, int *wide) {
  if (!*wide)
    (void)pfd_sys_setpipesize(pipe, LARGEPIPE);
  *wide = 1;
}


static void closepipe (int *pipe) {
  if (*pipe >= 0)
    (void)pfd_sys_close(*pipe);
  *pipe = -1;
}


/* the memory doubles; but there is never more of it than the limit asks for */
static int reserve (Capture *c) {
  size_t least = c->length + CHUNK;
  if (c->size >= least)
    return 0;
  size_t most = (c->limit < SIZE_MAX - CHUNK) ? c->limit + CHUNK : SIZE_MAX;
  size_t size = (c->size < most / 2) ? 2 * c->size : most;
  if (size < least)
    size = least;
  char *data = (char *)realloc(c->data, size);
  if (data == NULL)
    return -ENOMEM;
  c->data = data;
  c->size = size;
  return 0;
}


static size_t alignup (const char *data, size_t offset) {
  size_t past = (size_t)((uintptr_t)data + offset) % ALIGNMENT;
  return (past == 0) ? offset : offset + ALIGNMENT - past;
}


/*
** Have the kernel provide the memory for what comes next, many pages at once.
** Otherwise read(2) would stop at each new page for a fault of its own. If this
** fails, as before Linux 5.14, it does just that.
*/
static void populate (Capture *c) {
  if (c->length < LARGEOUTPUT || c->populated > c->length + WINDOW / 2)
    return;
  size_t from = (c->populated > c->length) ? c->populated : c->length;
  from = alignup(c->data, from);
  if (from > c->size || c->size - from < WINDOW)
    return;
  (void)pfd_sys_populate(c->data + from, WINDOW);
  c->populated = from + WINDOW;
}


static void take (Capture *c, size_t n) {
  if (n >= PIPESIZE)
    widen(c->fd, &c->wide);
  if (n > c->limit - c->length) {
    n = c->limit - c->length;
    c->truncated = 1;
  }
  c->length += n;
}


/* how much was read; 0 at the end, when the pipe is closed; or -errno */
static int readsome (Capture *c) {
  int rc = reserve(c);
  if (rc < 0)
    return rc;
  populate(c);
  size_t room = c->size - c->length;
  if (room > PFD_MAXTRANSFER)
    room = PFD_MAXTRANSFER;
  rc = pfd_sys_read(c->fd, c->data + c->length, room);
  if (rc > 0)
    take(c, (size_t)rc);
  else if (rc == 0)
    closepipe(&c->fd);
  return rc;
}


static int isfailure (int rc) {
  return rc < 0 && rc != -EAGAIN && rc != -EINTR;
}


int pfd_capture_read (Capture *c) {
  int rc = readsome(c);
  return isfailure(rc) ? rc : 0;
}


int pfd_capture_readrest (Capture *c) {
  int rc = 1;
  for (int n = 0; c->fd >= 0 && rc > 0 && n < LARGEPIPE; n += rc)
    rc = readsome(c);
  return isfailure(rc) ? rc : 0;
}


void pfd_capture_shrink (Capture *c) {
  if (c->length == 0 || c->size - c->length < CHUNK)
    return;
  char *data = (char *)realloc(c->data, c->length);
  if (data == NULL)
    return;
  c->data = data;
  c->size = c->length;
}


void pfd_capture_free (Capture *c) {
  closepipe(&c->fd);
  free(c->data);
  *c = (Capture){.fd = -1};
}


int pfd_supply_write (Supply *s, const char *data, size_t size) {
  size_t rest = (s->written < size) ? size - s->written : 0;
  int rc = 0;
  if (rest > PIPESIZE)
    widen(s->fd, &s->wide);
  if (rest > 0)
    rc =
      pfd_nowait_writepipe(s->fd, data + s->written,
                           (rest < PFD_MAXTRANSFER) ? rest : PFD_MAXTRANSFER);
  if (rc > 0)
    s->written += (size_t)rc;
  if (rc == -EPIPE || s->written >= size)
    closepipe(&s->fd);
  return (isfailure(rc) && rc != -EPIPE) ? rc : 0;
}


void pfd_supply_close (Supply *s) {
  closepipe(&s->fd);
}
