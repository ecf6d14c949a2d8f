/*
** filter ERRNO CALL... -- COMMAND...: run a command under a seccomp filter
** that answers these system calls with that error number, as containers do;
** or that kills ("kill"), or sends SIGSYS ("trap"), as sandboxes do.
*/

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"

#define MAXCALLS 16


typedef struct Call {
  const char *name;
  unsigned int number;
} Call;

/* those without a SYS_ have one number on every architecture */
static const Call calls[] = {
  {"capget", SYS_capget},
  {"clone", SYS_clone},
  {"clone3", 435},
  {"fstatfs", CALL_FSTATFS},
  {"getsockopt", CALL_GETSOCKOPT},
  {"setsockopt", CALL_SETSOCKOPT},
  {"ioctl", SYS_ioctl},
  {"openat2", 437},
  {"pidfd_getfd", 438},
  {"pidfd_open", 434},
  {"pidfd_send_signal", 424},
  {"process_madvise", 440},
  {"process_mrelease", 448},
  {"prctl", SYS_prctl},
  {"readlinkat", SYS_readlinkat},
  {"wait4", SYS_wait4},
  {"waitid", SYS_waitid},
};


static unsigned int findcall (const char *name) {
  for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
    if (strcmp(calls[i].name, name) == 0)
      return calls[i].number;
  (void)fprintf(stderr, "filter: unknown call %s\n", name);
  exit(EXIT_FAILURE);
}


static unsigned int findaction (const char *name) {
  if (strcmp(name, "kill") == 0)
    return SECCOMP_RET_KILL_PROCESS;
  if (strcmp(name, "trap") == 0)
    return SECCOMP_RET_TRAP;
  return SECCOMP_RET_ERRNO | (strtoul(name, NULL, 10) & SECCOMP_RET_DATA);
}


/* for each call: if it is this one, answer; else look at the next */
static unsigned short program (struct sock_filter *code, unsigned int action,
                               char **names) {
  static const struct sock_filter start[] = {LOADCALL};
  unsigned short n = sizeof(start) / sizeof(*start);
  memcpy(code, start, sizeof(start));
  for (int i = 0; i < MAXCALLS && names[i] != NULL; i++) {
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                             findcall(names[i]), 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
  }
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  return n;
}


/* end the list of names at the "--"; the command follows it */
static char **splitcommand (char **names) {
  while (*names != NULL && strcmp(*names, "--") != 0)
    names++;
  if (*names == NULL)
    exit(EXIT_FAILURE);
  *names = NULL;
  return names + 1;
}


int main (int argc, char **argv) {
  struct sock_filter code[2 * MAXCALLS + 5];
  if (argc < 4)
    return EXIT_FAILURE;
  char **command = splitcommand(argv + 2);
  if (setfilter(code, program(code, findaction(argv[1]), argv + 2)) != 0)
    return EXIT_FAILURE;
  (void)execvp(command[0], command);
  return EXIT_FAILURE;
}
