/*
** System calls without the C library, for a child that shares the memory of
** this process while both run. The C library's functions write 'errno', take
** locks and act on a pending cancellation of the thread; all of that belongs
** to the parent, whose thread control block the child looks at. So the child
** makes system calls by these two functions, and calls nothing else.
**
** There is one small file for each machine, raw_MACHINE.c. On any other
** machine raw_other.c goes by way of the C library, and a child never shares
** our memory there: it gets a copy, and spoils only that.
*/

#ifndef pfd_raw_h
#define pfd_raw_h

#pragma GCC visibility push(hidden)


#if defined(__x86_64__) && defined(__LP64__)
#define PFD_RAW_X86_64 1
#elif defined(__i386__)
#define PFD_RAW_I386 1
#elif defined(__aarch64__) && defined(__LP64__)
#define PFD_RAW_ARM64 1
#elif defined(__arm__) && defined(__ARM_EABI__)
#define PFD_RAW_ARM 1
#elif defined(__riscv) && defined(__LP64__)
#define PFD_RAW_RISCV64 1
#else
#define PFD_RAW_OTHER 1
#endif

#define PFD_RAW_ARGS 6

/*
** Make a system call of up to five arguments. Returns what the kernel
** returns: a negative errno for an error.
*/
long pfd_raw_call (long number, const long args[PFD_RAW_ARGS]);

/*
** The same for clone(2) and clone3(2). The last of the six is the address
** of a struct that begins with a pointer to a function: the child calls that
** function with the struct's address, on the stack that the system call
** names, or else on a copy of this one. The function must not return.
*/
long pfd_raw_clone (long number, const long args[PFD_RAW_ARGS]);

/*
** May a child be cloned that shares our memory? Not on other machines; nor
** under valgrind, which ends a program that does so other than by vfork(2).
*/
int pfd_raw_canshare (void);


#pragma GCC visibility pop

#endif
