#include "input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nowait.h"
#include "sys.h"


struct Input {
  size_t size;       /* of the memory for data */
  size_t begin, end; /* of what is in it */
  size_t searched;   /* from 'begin' on: no newline is there */
  int lent;          /* to somebody who copies the bytes */
  int forgotten;     /* its owner has no use for it any more */
  char data[];
};


const char *pfd_input_data (const Input *in) {
  return (in == NULL) ? "" : in->data + in->begin;
}


size_t pfd_input_length (const Input *in) {
  return (in == NULL) ? 0 : in->end - in->begin;
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
static size_t newsize (const Input *in, size_t n) {
  size_t size = in->end + n;
  size_t half = in->size + in->size / 2;
  return (size < half) ? half : size;
}


/* returns it with room for so many bytes more, or NULL: no memory */
static Input *reserve (Input **in, size_t n) {
  Input now = {.size = 0};
  if (*in != NULL) {
    movetofront(*in);
    now = **in;
  }
  if (*in != NULL && now.size - now.end >= n)
    return *in;
  now.size = newsize(&now, n);
  Input *grown = (Input *)realloc(*in, sizeof(Input) + now.size);
  if (grown == NULL)
    return NULL;
  *grown = now;
  *in = grown;
  return grown;
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


int pfd_input_fill (Input **in, int fd, size_t most) {
  if (*in != NULL && (*in)->lent)
    return -EBUSY;
  size_t size = choosesize(fd, most);
  Input *room = reserve(in, size);
  if (room == NULL)
    return -ENOMEM;
  int rc = pfd_nowait_read(fd, room->data + room->end, size);
  if (rc > 0)
    room->end += (size_t)rc;
  else if (pfd_input_length(room) == 0)
    pfd_input_free(in);
  return rc;
}


size_t pfd_input_line (Input *in) {
  size_t length = pfd_input_length(in);
  if (!pfd_input_istakable(in) || in->searched == length)
    return 0;
  const char *line = pfd_input_data(in);
  const char *newline =
    (const char *)memchr(line + in->searched, '\n', length - in->searched);
  in->searched = (newline == NULL) ? length : (size_t)(newline - line);
  return (newline == NULL) ? 0 : in->searched + 1;
}


void pfd_input_free (Input **in) {
  Input *input = *in;
  *in = NULL;
  if (input != NULL && input->lent)
    input->forgotten = 1;
  else
    free(input);
}


void pfd_input_lend (Input *in) {
  in->lent = 1;
}


int pfd_input_istakable (const Input *in) {
  return pfd_input_length(in) > 0 && !in->lent;
}


int pfd_input_giveback (Input *in, size_t n) {
  in->lent = 0;
  if (in->forgotten) {
    free(in);
    return 0;
  }
  in->begin += n;
  in->searched = 0;
  return in->begin >= in->end;
}


void pfd_input_trim (Input **in) {
  if (pfd_input_length(*in) == 0)
    pfd_input_free(in);
}
