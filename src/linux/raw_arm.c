#include "raw.h"

#if defined(PFD_RAW_ARM)

#define LOAD(number, args)                                                     \
  register long r6 __asm__("r6") = (number);                                   \
  register long r0 __asm__("r0") = (args)[0];                                  \
  register long r1 __asm__("r1") = (args)[1];                                  \
  register long r2 __asm__("r2") = (args)[2];                                  \
  register long r3 __asm__("r3") = (args)[3];                                  \
  register long r4 __asm__("r4") = (args)[4];                                  \
  register long r5 __asm__("r5") = (args)[5]

#define REGISTERS "r"(r6), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5)

/* r7 has the number, and is the frame pointer of Thumb code */
#define SYSCALL                                                                \
  "push {r7}\n\t"                                                              \
  "mov r7, r6\n\t"                                                             \
  "svc #0\n\t"


long pfd_raw_call (long number, const long args[PFD_RAW_ARGS]) {
  LOAD(number, args);
  __asm__ volatile(SYSCALL "pop {r7}" : "+r"(r0) : REGISTERS : "cc", "memory");
  return r0;
}


long pfd_raw_clone (long number, const long args[PFD_RAW_ARGS]) {
  LOAD(number, args);
  __asm__ volatile(SYSCALL "cmp r0, #0\n\t"
                           "bne 1f\n\t"
                           "mov r0, sp\n\t"
                           "bic r0, r0, #7\n\t"
                           "mov sp, r0\n\t"
                           "mov r0, r5\n\t"
                           "ldr r1, [r5]\n\t"
                           "blx r1\n\t"
                           "udf #0\n"
                           "1: pop {r7}"
                   : "+r"(r0)
                   : REGISTERS
                   : "cc", "memory");
  return r0;
}


/* valgrind's client request RUNNING_ON_VALGRIND; without it, no effect */
int pfd_raw_canshare (void) {
  const unsigned long request[6] = {0x1001};
  register unsigned long r3 __asm__("r3") = 0;
  register const unsigned long *r4 __asm__("r4") = request;
  __asm__ volatile("mov r12, r12, ror #3\n\tmov r12, r12, ror #13\n\t"
                   "mov r12, r12, ror #29\n\tmov r12, r12, ror #19\n\t"
                   "orr r10, r10, r10"
                   : "+r"(r3)
                   : "r"(r4)
                   : "cc", "memory");
  /* cppcheck-suppress knownConditionTrueFalse ; valgrind changes it */
  return r3 == 0;
}

#endif
