/*
** reborn PID PROGRAM [ARGUMENT...]: start the program as a process of that
** number, a child of this one's parent.
*/

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/sched.h>
#include <sys/syscall.h>


int main (int argc, char **argv) {
  if (argc < 3)
    return EXIT_FAILURE;
  pid_t pid = (pid_t)strtol(argv[1], NULL, 10);
  struct clone_args args = {
    .flags = CLONE_PARENT,
    .set_tid = (__u64)(size_t)&pid,
    .set_tid_size = 1,
  };
  long child = syscall(SYS_clone3, &args, sizeof(args));
  if (child == 0)
    (void)execvp(argv[2], argv + 2);
  return (child > 0) ? EXIT_SUCCESS : EXIT_FAILURE;
}
