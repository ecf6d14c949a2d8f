#include "raw.h"

#if defined(PFD_RAW_ARM64)

#define LOAD(number, args)                                                     \
  register long x8 __asm__("x8") = (number);                                   \
  register long x0 __asm__("x0") = (args)[0];                                  \
  register long x1 __asm__("x1") = (args)[1];                                  \
  register long x2 __asm__("x2") = (args)[2];                                  \
  register long x3 __asm__("x3") = (args)[3];                                  \
  register long x4 __asm__("x4") = (args)[4];                                  \
  register long x5 __asm__("x5") = (args)[5]

#define REGISTERS "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)


long pfd_raw_call (long number, const long args[PFD_RAW_ARGS]) {
  LOAD(number, args);
  __asm__ volatile("svc #0" : "+r"(x0) : REGISTERS : "cc", "memory");
  return x0;
}


long pfd_raw_clone (long number, const long args[PFD_RAW_ARGS]) {
  LOAD(number, args);
  __asm__ volatile("svc #0\n\t"
                   "cbnz x0, 1f\n\t"
                   "mov x29, #0\n\t" /* the outermost frame */
                   "mov x0, x5\n\t"
                   "ldr x1, [x5]\n\t"
                   "blr x1\n\t"
                   "brk #0\n"
                   "1:"
                   : "+r"(x0)
                   : REGISTERS
                   : "cc", "memory");
  return x0;
}


/* valgrind's client request RUNNING_ON_VALGRIND; without it, no effect */
int pfd_raw_canshare (void) {
  const unsigned long request[6] = {0x1001};
  register unsigned long x3 __asm__("x3") = 0;
  register const unsigned long *x4 __asm__("x4") = request;
  __asm__ volatile("ror x12, x12, #3\n\tror x12, x12, #13\n\t"
                   "ror x12, x12, #51\n\tror x12, x12, #61\n\t"
                   "orr x10, x10, x10"
                   : "+r"(x3)
                   : "r"(x4)
                   : "cc", "memory");
  /* cppcheck-suppress knownConditionTrueFalse ; valgrind changes it */
  return x3 == 0;
}

#endif
