/*
** What has been read from a descriptor, and has not been taken yet. It has
** memory only as long as there is something in it.
*/

#ifndef pfd_input_h
#define pfd_input_h

#include <stddef.h>

#pragma GCC visibility push(hidden)


/* how much is read at once, if nothing else is said */
#define PFD_CHUNK ((size_t)65536)

/* NULL as long as there is nothing */
typedef struct Input Input;


/* the bytes that are there to be taken, and how many they are */
const char *pfd_input_data (const Input *in);
size_t pfd_input_length (const Input *in);

/*
** Read what is there now, at most 'most' bytes, and put it behind what is in
** it. Returns how many bytes these are, 0 at the end, or -EAGAIN, or -ENOMEM
** before anything was read, or -EBUSY when it is lent, or another -errno.
*/
int pfd_input_fill (Input **in, int fd, size_t most);

/*
** The length of the first line with its newline, or 0: the line has no end yet,
** or the input is lent.
*/
size_t pfd_input_line (Input *in);

/* forget everything */
void pfd_input_free (Input **in);

/*
** Lend the bytes to a caller who copies them while Lua code may run. Until they
** are given back, nothing is read or taken, and 'pfd_input_free' only marks
** them.
*/
void pfd_input_lend (Input *in);

/* is there something that is not lent? */
int pfd_input_istakable (const Input *in);

/*
** Give back what was lent, without the first 'n' bytes. It is freed if it was
** forgotten meanwhile. Returns 1 if nothing is left: then the owner, if it is
** still there, calls 'pfd_input_trim'.
*/
int pfd_input_giveback (Input *in, size_t n);

/* free it if there is nothing in it */
void pfd_input_trim (Input **in);


#pragma GCC visibility pop

#endif
