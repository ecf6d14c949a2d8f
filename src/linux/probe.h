/*
** Ask the kernel a question that may be deadly: a seccomp filter can kill
** whoever makes a system call, or send SIGSYS. So a child of its own asks. It
** is a copy of this process, as of fork(2): it has its own descriptors, runs
** no signal handler, leaves no core dump, and tells the answer as its exit
** status. The parent gets no SIGCHLD from it, and other waits do not see it.
** Knows no Lua.
*/

#ifndef pfd_probe_h
#define pfd_probe_h

#pragma GCC visibility push(hidden)


/*
** A question: makes a few system calls, and neither allocates nor locks.
** Returns 1 for yes, 0 for no, or -errno if it cannot tell. 'self' is a
** pidfd of a process that is there, or -1.
*/
typedef int (*Question)(int self);

/* 'rc' is an error of the moment: it says nothing about what the kernel has */
int pfd_probe_isscarce (int rc);

/* the answer, which is no if the child was killed for asking */
int pfd_probe (Question question);

/* likewise, with a pidfd: of pidfd_open(2), or else of clone(2) */
int pfd_probe_pidfd (Question question);


#pragma GCC visibility pop

#endif
