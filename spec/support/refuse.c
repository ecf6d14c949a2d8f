/*
** refuse CALL ERRNO PROGRAM [ARGUMENT...]: run the program where the system
** call of that number or name fails with that errno, as in old containers.
*/

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"


static unsigned int tonumber (const char *s) {
  return (unsigned int)strtoul(s, NULL, 10);
}


/* those whose number depends on the architecture; some have another one */
typedef struct Call {
  const char *name;
  unsigned int number, other;
} Call;

/* clang-format off */
static const Call calls[] = {
  {"capget", SYS_capget, SYS_capget},
  {"fstatfs", CALL_FSTATFS, CALL_FSTATFS},
  {"getsockopt", CALL_GETSOCKOPT, CALL_GETSOCKOPT},
  {"ioctl", SYS_ioctl, SYS_ioctl},
  {"clone", SYS_clone, SYS_clone},
  {"ppoll", SYS_ppoll, CALL_PPOLL64},
  {"preadv2", SYS_preadv2, SYS_preadv2},
  {"pwritev2", SYS_pwritev2, SYS_pwritev2},
  {"readlinkat", SYS_readlinkat, SYS_readlinkat},
  {"statfs", SYS_statfs, CALL_STATFS},
  {"write", SYS_write, SYS_write},
};
/* clang-format on */


static Call tocall (const char *s) {
  for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
    if (strcmp(s, calls[i].name) == 0)
      return calls[i];
  return (Call){s, tonumber(s), tonumber(s)};
}


static int refuse (Call call, unsigned int error) {
  struct sock_filter steps[] = {
    LOADCALL,
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call.number, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call.other, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  return setfilter(steps, sizeof(steps) / sizeof(*steps));
}


int main (int argc, char **argv) {
  if (argc < 4 || refuse(tocall(argv[1]), tonumber(argv[2])) != 0)
    return EXIT_FAILURE;
  (void)execvp(argv[3], argv + 3);
  perror(argv[3]);
  return EXIT_FAILURE;
}
