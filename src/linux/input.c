#include "input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nowait.h"
#include "sys.h"


size_t pfd_input_length (const Input *in) {
  return in->end - in->begin;
}


static void movetofront (Input *in) {
  if (in->begin > 0) {
    memmove(in->data, in->data + in->begin, pfd_input_length(in));
    in->end -= in->begin;
    in->begin = 0;
  }
}


/*
** The memory grows by a half, so that a long line is not copied over and
** over, and the memory that is left over is less than the line.
*/
static int reserve (Input *in, size_t n) {
  movetofront(in);
  if (in->size - in->end >= n)
    return 0;
  size_t size = in->end + n;
  size_t half = in->size + in->size / 2;
  if (size < half)
    size = half;
  char *data = (char *)realloc(in->data, size);
  if (data == NULL)
    return -ENOMEM;
  in->data = data;
  in->size = size;
  return 0;
}


/* more than the usual is asked for: how much of that is there? */
static size_t choosesize (int fd, size_t most) {
  if (most <= PFD_CHUNK)
    return most;
  int unread = pfd_sys_unread(fd);
  size_t size = (unread > 0) ? (size_t)unread : 0;
  if (size < PFD_CHUNK)
    size = PFD_CHUNK;
  return (size < most) ? size : most;
}


int pfd_input_fill (Input *in, int fd, size_t most) {
  if (in->lent)
    return -EBUSY;
  size_t size = choosesize(fd, most);
  int rc = reserve(in, size);
  if (rc < 0)
    return rc;
  rc = pfd_nowait_read(fd, in->data + in->end, size);
  if (rc > 0)
    in->end += (size_t)rc;
  else if (pfd_input_length(in) == 0)
    pfd_input_free(in);
  return rc;
}


size_t pfd_input_line (Input *in) {
  size_t length = pfd_input_length(in);
  if (in->searched == length)
    return 0;
  const char *line = in->data + in->begin;
  const char *newline =
    (const char *)memchr(line + in->searched, '\n', length - in->searched);
  in->searched = (newline == NULL) ? length : (size_t)(newline - line);
  return (newline == NULL) ? 0 : in->searched + 1;
}


void pfd_input_take (Input *in, size_t n) {
  in->begin += n;
  in->searched = 0;
  if (in->begin >= in->end)
    pfd_input_free(in);
}


void pfd_input_free (Input *in) {
  free(in->data);
  *in = (Input){0};
}
