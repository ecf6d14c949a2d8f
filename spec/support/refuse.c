/*
** refuse CALL ERRNO PROGRAM [ARGUMENT...]: run the program where the system
** call of that number or name fails with that errno, as in old containers.
*/

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>


static unsigned int tonumber (const char *s) {
  return (unsigned int)strtoul(s, NULL, 10);
}


/* those whose number depends on the architecture */
static unsigned int tocall (const char *s) {
  static const struct {
    const char *name;
    unsigned int number;
  } calls[] = {{"capget", SYS_capget},         {"fstatfs", SYS_fstatfs},
               {"getsockopt", SYS_getsockopt}, {"ioctl", SYS_ioctl},
               {"readlinkat", SYS_readlinkat}, {"ppoll", SYS_ppoll},
               {"write", SYS_write},           {"clone", SYS_clone}};
  for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
    if (strcmp(s, calls[i].name) == 0)
      return calls[i].number;
  return tonumber(s);
}


static int refuse (unsigned int call, unsigned int error) {
  struct sock_filter steps[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = 4, .filter = steps};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return -1;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}


int main (int argc, char **argv) {
  if (argc < 4 || refuse(tocall(argv[1]), tonumber(argv[2])) != 0)
    return EXIT_FAILURE;
  (void)execvp(argv[3], argv + 3);
  perror(argv[3]);
  return EXIT_FAILURE;
}
