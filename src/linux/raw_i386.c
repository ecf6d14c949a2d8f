#include "raw.h"

#if defined(PFD_RAW_I386)

/*
** The six arguments take all registers but the stack pointer, so they are
** loaded by hand, and two of the registers are the compiler's.
*/
#define SYSCALL                                                                \
  "push %%ebp\n\t"                                                             \
  "push %%ebx\n\t"                                                             \
  "mov (%%esi), %%ebx\n\t"                                                     \
  "mov 4(%%esi), %%ecx\n\t"                                                    \
  "mov 8(%%esi), %%edx\n\t"                                                    \
  "mov 16(%%esi), %%edi\n\t"                                                   \
  "mov 20(%%esi), %%ebp\n\t"                                                   \
  "mov 12(%%esi), %%esi\n\t"                                                   \
  "int $0x80\n\t"

#define RESTORE                                                                \
  "pop %%ebx\n\t"                                                              \
  "pop %%ebp"


long pfd_raw_call (long number, const long args[PFD_RAW_ARGS]) {
  long rc = number;
  __asm__ volatile(SYSCALL RESTORE
                   : "+a"(rc), "+S"(args)
                   :
                   : "ecx", "edx", "edi", "cc", "memory");
  return rc;
}


long pfd_raw_clone (long number, const long args[PFD_RAW_ARGS]) {
  long rc = number;
  __asm__ volatile(SYSCALL "test %%eax, %%eax\n\t"
                           "jnz 1f\n\t"
                           "and $-16, %%esp\n\t"
                           "sub $12, %%esp\n\t"
                           "push %%ebp\n\t"
                           "call *(%%ebp)\n\t"
                           "hlt\n"
                           "1:" RESTORE
                   : "+a"(rc), "+S"(args)
                   :
                   : "ecx", "edx", "edi", "cc", "memory");
  return rc;
}


/* valgrind's client request RUNNING_ON_VALGRIND; without it, no effect */
int pfd_raw_canshare (void) {
  const unsigned long request[6] = {0x1001};
  unsigned long answer = 0;
  __asm__ volatile("roll $3, %%edi\n\troll $13, %%edi\n\t"
                   "roll $29, %%edi\n\troll $19, %%edi\n\t"
                   "xchgl %%ebx, %%ebx"
                   : "+d"(answer)
                   : "a"(request)
                   : "cc", "memory");
  /* cppcheck-suppress knownConditionTrueFalse ; valgrind changes it */
  return answer == 0;
}

#endif
