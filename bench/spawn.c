/*
** What pidfd.spawn is measured against: posix_spawn(3), and fork(2) with
** execve(2), in C. See spawn_run.lua.
*/

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static char path[] = "/bin/true"; /* execve(2) wants one that is not const */
static char *const program[] = {path, NULL};


static pid_t spawned (void) {
  pid_t pid;
  return posix_spawn(&pid, program[0], NULL, NULL, program, environ) ? -1 : pid;
}


static pid_t forked (void) {
  pid_t pid = fork();
  if (pid == 0) {
    (void)execve(program[0], program, environ);
    _exit(EXIT_FAILURE);
  }
  return pid;
}


static void run (pid_t (*start)(void), long count) {
  for (long i = 0; i < count; i++) {
    pid_t pid = start();
    siginfo_t info = {0};
    if (pid < 0 || waitid(P_PID, (id_t)pid, &info, WEXITED) < 0 ||
        info.si_code != CLD_EXITED || info.si_status != 0) {
      perror("spawn");
      exit(EXIT_FAILURE);
    }
  }
}


static double now (void) {
  struct timespec time;
  (void)clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}


static volatile char *heap; /* never freed */


static void fillheap (size_t mib) {
  heap = malloc(mib << 20);
  for (size_t i = 0; heap != NULL && i < mib << 20; i += 4096)
    heap[i] = 'x';
}


int main (int argc, char *argv[]) {
  if (argc != 4)
    return EXIT_FAILURE;
  pid_t (*start)(void) = strcmp(argv[1], "fork") == 0 ? forked : spawned;
  long count = strtol(argv[2], NULL, 10);
  fillheap(strtoul(argv[3], NULL, 10));
  run(start, count / 10 + 1); /* warm up */
  double before = now();
  run(start, count);
  (void)printf("%.0f\n", (now() - before) / (double)count);
  return EXIT_SUCCESS;
}
