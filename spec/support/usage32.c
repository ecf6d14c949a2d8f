/*
** Compiled only: what waitid(2) fills in has 18 numbers of the kernel's size,
** whatever size the C library's time_t has.
*/

#include "../../src/linux/sys.h"


typedef int Waitid (int pidfd, siginfo_t *info, int options, Usage *usage);

Waitid *const check = pfd_sys_waitid;

_Static_assert(sizeof(Usage) == 18 * sizeof(long), "numbers of 32 bits");
_Static_assert(sizeof(time_t) == 8, "the C library has 64 bits");
