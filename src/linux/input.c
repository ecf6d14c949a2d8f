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
  char data[];
};

/* stands for one that is lent; nothing is ever put into it */
static Input lent;


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


static int reserve (Input **in, size_t n) {
  static const Input none;
  const Input *old = (*in == NULL) ? &none : *in;
  if (*in != NULL)
    movetofront(*in);
  if (old->size - old->end >= n)
    return 0;
  Input now = {.size = newsize(old, n), .end = old->end};
  now.searched = old->searched;
  Input *grown = (Input *)realloc(*in, sizeof(Input) + now.size);
  if (grown == NULL)
    return -ENOMEM;
  *grown = now;
  *in = grown;
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


int pfd_input_fill (Input **in, int fd, size_t most) {
  if (*in == &lent)
    return -EBUSY;
  size_t size = choosesize(fd, most);
  int rc = reserve(in, size);
  if (rc < 0)
    return rc;
  rc = pfd_nowait_read(fd, (*in)->data + (*in)->end, size);
  if (rc > 0)
    (*in)->end += (size_t)rc;
  else if (pfd_input_length(*in) == 0)
    pfd_input_free(in);
  return rc;
}


size_t pfd_input_line (Input *in) {
  size_t length = pfd_input_length(in);
  if (length == 0 || in->searched == length)
    return 0;
  const char *line = pfd_input_data(in);
  const char *newline =
    (const char *)memchr(line + in->searched, '\n', length - in->searched);
  in->searched = (newline == NULL) ? length : (size_t)(newline - line);
  return (newline == NULL) ? 0 : in->searched + 1;
}


void pfd_input_take (Input **in, size_t n) {
  if (*in == NULL)
    return;
  (*in)->begin += n;
  (*in)->searched = 0;
  if ((*in)->begin >= (*in)->end)
    pfd_input_free(in);
}


void pfd_input_free (Input **in) {
  if (*in != &lent)
    free(*in);
  *in = NULL;
}


Input *pfd_input_lend (Input **in) {
  Input *input = *in;
  *in = &lent;
  return input;
}
