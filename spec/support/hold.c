/*
** hold PROGRAM [ARGUMENT...]: run the program where chdir(2) never returns,
** as if a file server did not answer: a seccomp filter asks a supervisor, and
** nobody answers for it. Such a call can be interrupted by a signal, and fails
** with ENOSYS when the program ends, which alone has the supervisor's end.
*/

#define _GNU_SOURCE /* syscall */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/prctl.h>

#include "calls.h"


int main (int argc, char **argv) {
  struct sock_filter steps[] = {
    LOADCALL,
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_chdir, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof(steps) / sizeof(*steps),
                               .filter = steps};
  if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return EXIT_FAILURE;
  int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                              SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (listener < 0 || dup2(listener, 9) < 0) /* open across exec */
    return EXIT_FAILURE;
  (void)execvp(argv[1], argv + 1);
  perror(argv[1]);
  return EXIT_FAILURE;
}
