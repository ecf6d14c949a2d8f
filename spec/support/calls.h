/*
** For filters of system calls: numbers are of the machine that a program is
** compiled for, and a program of another machine may be run under the filter,
** such as a shell of 64 bits before a Lua of 32 bits.
*/

#ifndef spec_calls_h
#define spec_calls_h

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define MACHINE AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define MACHINE AUDIT_ARCH_ARM
#elif defined(__riscv) && defined(__LP64__)
#define MACHINE AUDIT_ARCH_RISCV64
#else
#error "add what this machine is called in linux/audit.h"
#endif

/* go on with the number of the call, or allow a call of another machine */
#define LOADCALL                                                               \
  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),     \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0),                        \
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),                              \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))

/* which system call the C library makes for its function of that name */
#if defined(SYS_fstatfs64)
#define CALL_FSTATFS SYS_fstatfs64
#else
#define CALL_FSTATFS SYS_fstatfs
#endif

#if defined(SYS_statfs64)
#define CALL_STATFS SYS_statfs64
#else
#define CALL_STATFS SYS_statfs
#endif

#if defined(__i386__)
#define CALL_GETSOCKOPT SYS_socketcall
#define CALL_SETSOCKOPT SYS_socketcall
#else
#define CALL_GETSOCKOPT SYS_getsockopt
#define CALL_SETSOCKOPT SYS_setsockopt
#endif

/* for a time that needs 64 bits, or for any */
#if defined(SYS_ppoll_time64)
#define CALL_PPOLL64 SYS_ppoll_time64
#else
#define CALL_PPOLL64 SYS_ppoll
#endif

/* for this process, and for what it runs; -1 if that fails */
static inline int setfilter (struct sock_filter *steps, unsigned short n) {
  struct sock_fprog whole = {.len = n, .filter = steps};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return -1;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole);
}

#endif
