/*
** 64 bits for sizes, inode numbers and times on machines of 32 bits, too.
** Without them stat(2) fails with EOVERFLOW on a number that does not fit, and
** open(2) on a large file. A file that makes such calls includes this before
** any other header. It need not be in all files: 'off_t', 'time_t' and what
** contains them do not stand in our headers.
*/

#ifndef pfd_wide_h
#define pfd_wide_h

#if !defined(_FILE_OFFSET_BITS)
#define _FILE_OFFSET_BITS 64 /* NOLINT(bugprone-reserved-identifier,cert-*) */
#endif

#if !defined(_TIME_BITS)
#define _TIME_BITS 64 /* NOLINT(bugprone-reserved-identifier,cert-*) */
#endif

#include <sys/types.h>

_Static_assert(sizeof(off_t) == 8, "this comes before any other header");

#endif
