/*
** What a program is given to read, and what it writes, through pipes of which
** our ends have O_NONBLOCK. Nobody else has these ends, so nobody else sees
** that flag. The output is collected in memory that grows with it. Knows no
** Lua.
*/

#ifndef pfd_capture_h
#define pfd_capture_h

#include <stddef.h>

#pragma GCC visibility push(hidden)


/* one output */
typedef struct Capture {
  int fd;     /* our end of the pipe; -1 when there is no more to come */
  char *data; /* or NULL */
  size_t length, size;
  size_t populated; /* so many bytes of it are surely in memory */
  size_t limit;     /* so many bytes are kept */
  int truncated;    /* there were more */
  int wide;         /* the pipe was made as large as it may be */
} Capture;

/*
** Read what is there now, at most what the pipe holds. What is over the limit
** is read and dropped. At the end the pipe is closed. Returns 0; or -ENOMEM
** before anything was read, or another -errno.
*/
int pfd_capture_read (Capture *c);

/* the same, until there is nothing; at most as much as a pipe may hold */
int pfd_capture_readrest (Capture *c);

/* give back the memory that is left over: up to as much as was collected */
void pfd_capture_shrink (Capture *c);

/* close the pipe, if it is open, and free the memory */
void pfd_capture_free (Capture *c);


/* the input */
typedef struct Supply {
  int fd; /* our end of the pipe; -1 when there is nothing to be done */
  size_t written;
  int wide;
} Supply;

/*
** Write what there is room for; 'data' is all of the input. The pipe is closed
** once all is written, or when nobody reads it any more. Returns 0 or -errno.
*/
int pfd_supply_write (Supply *s, const char *data, size_t size);

/* close the pipe, if it is open */
void pfd_supply_close (Supply *s);


#pragma GCC visibility pop

#endif
