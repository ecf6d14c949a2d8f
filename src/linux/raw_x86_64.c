#include "raw.h"

#if defined(PFD_RAW_X86_64)

#define SYSCALL "syscall\n\t"

/* the registers of a system call; 'rc' is the number before, the result after
 */
#define LOAD(args)                                                             \
  register long r10 __asm__("r10") = (args)[3];                                \
  register long r8 __asm__("r8") = (args)[4];                                  \
  register long r9 __asm__("r9") = (args)[5]

#define REGISTERS(args)                                                        \
  "D"((args)[0]), "S"((args)[1]), "d"((args)[2]), "r"(r10), "r"(r8), "r"(r9)


long pfd_raw_call (long number, const long args[PFD_RAW_ARGS]) {
  LOAD(args);
  long rc = number;
  __asm__ volatile(SYSCALL
                   : "+a"(rc)
                   : REGISTERS(args)
                   : "rcx", "r11", "cc", "memory");
  return rc;
}


long pfd_raw_clone (long number, const long args[PFD_RAW_ARGS]) {
  LOAD(args);
  long rc = number;
  __asm__ volatile(SYSCALL "test %%rax, %%rax\n\t"
                           "jnz 1f\n\t"
                           "xor %%ebp, %%ebp\n\t" /* the outermost frame */
                           "and $-16, %%rsp\n\t"
                           "mov %%r9, %%rdi\n\t"
                           "call *(%%r9)\n\t"
                           "hlt\n"
                           "1:"
                   : "+a"(rc)
                   : REGISTERS(args)
                   : "rcx", "r11", "cc", "memory");
  return rc;
}


/* valgrind's client request RUNNING_ON_VALGRIND; without it, no effect */
int pfd_raw_canshare (void) {
  const unsigned long request[6] = {0x1001};
  unsigned long answer = 0;
  __asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\t"
                   "rolq $61, %%rdi\n\trolq $51, %%rdi\n\t"
                   "xchgq %%rbx, %%rbx"
                   : "+d"(answer)
                   : "a"(request)
                   : "cc", "memory");
  /* cppcheck-suppress knownConditionTrueFalse ; valgrind changes it */
  return answer == 0;
}

#endif
