/*
** deaf PROGRAM [ARGUMENT...]: run the program where clone(2) refuses to make a
** pidfd, as older releases of qemu do, and where a read(2) of one byte is
** interrupted each time.
*/

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "calls.h"

#define PIDFD 0x1000 /* CLONE_PIDFD */

/* the lower half of an argument */
#define LOADARGUMENT(n)                                                        \
  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[n]))


static int filter (void) {
  struct sock_filter steps[] = {
    LOADCALL,
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4),
    LOADARGUMENT(0),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PIDFD, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 0, 3),
    LOADARGUMENT(2),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINTR),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  return setfilter(steps, sizeof(steps) / sizeof(*steps));
}


int main (int argc, char **argv) {
  if (argc < 2 || filter() != 0)
    return EXIT_FAILURE;
  (void)execvp(argv[1], argv + 1);
  perror(argv[1]);
  return EXIT_FAILURE;
}
