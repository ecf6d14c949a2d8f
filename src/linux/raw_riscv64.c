#include "raw.h"

#if defined(PFD_RAW_RISCV64)

#define LOAD(number, args)                                                     \
  register long a7 __asm__("a7") = (number);                                   \
  register long a0 __asm__("a0") = (args)[0];                                  \
  register long a1 __asm__("a1") = (args)[1];                                  \
  register long a2 __asm__("a2") = (args)[2];                                  \
  register long a3 __asm__("a3") = (args)[3];                                  \
  register long a4 __asm__("a4") = (args)[4];                                  \
  register long a5 __asm__("a5") = (args)[5]

#define REGISTERS "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)


long pfd_raw_call (long number, const long args[PFD_RAW_ARGS]) {
  LOAD(number, args);
  __asm__ volatile("ecall" : "+r"(a0) : REGISTERS : "memory");
  return a0;
}


long pfd_raw_clone (long number, const long args[PFD_RAW_ARGS]) {
  LOAD(number, args);
  __asm__ volatile("ecall\n\t"
                   "bnez a0, 1f\n\t"
                   "mv a0, a5\n\t"
                   "ld a1, 0(a5)\n\t"
                   "jalr a1\n\t"
                   "ebreak\n"
                   "1:"
                   : "+r"(a0)
                   : REGISTERS
                   : "memory");
  return a0;
}


int pfd_raw_canshare (void) {
  return 1;
}

#endif
