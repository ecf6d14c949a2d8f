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

/* the length of the first line with its newline; 0 if it has no end yet */
size_t pfd_input_line (Input *in);

/* forget the first bytes */
void pfd_input_take (Input **in, size_t n);

/* forget everything */
void pfd_input_free (Input **in);

/*
** Take it away for a while, in which nothing else can be read. It comes back
** by assignment.
*/
Input *pfd_input_lend (Input **in);


#pragma GCC visibility pop

#endif
