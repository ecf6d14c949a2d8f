/*
** What everything else is measured against: the module's system calls,
** made in a loop in C. See run.lua.
*/

#define _GNU_SOURCE /* ppoll */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>


typedef struct Measure {
  const char *name;
  void (*run)(long count);
} Measure;


static int check (long rc) {
  if (rc < 0) {
    perror("raw");
    exit(EXIT_FAILURE);
  }
  return (int)rc;
}


static int openself (void) {
  return check(syscall(SYS_pidfd_open, getpid(), 0));
}


static void open_close (long count) {
  pid_t pid = getpid();
  for (long i = 0; i < count; i++)
    (void)check(close(check(syscall(SYS_pidfd_open, pid, 0))));
}


static void getfd_close (long count) {
  int p = openself();
  for (long i = 0; i < count; i++)
    (void)check(close(check(syscall(SYS_pidfd_getfd, p, STDOUT_FILENO, 0))));
}


static void send_signal (long count) {
  int p = openself();
  for (long i = 0; i < count; i++)
    (void)check(syscall(SYS_pidfd_send_signal, p, 0, NULL, 0));
}


static void poll_now (long count) {
  struct pollfd event = {.fd = openself(), .events = POLLIN};
  for (long i = 0; i < count; i++) {
    struct timespec now = {0}; /* the kernel writes to it */
    (void)check(ppoll(&event, 1, &now, NULL));
  }
}


/* clang-format off */
static const Measure measures[] = {
  {"open", open_close},
  {"getfd", getfd_close},
  {"send_signal", send_signal},
  {"poll", poll_now},
  {NULL, NULL},
};
/* clang-format on */


static double cputime (void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}


static int measure (const char *name, long count) {
  const Measure *m = measures;
  while (m->name != NULL && strcmp(m->name, name) != 0)
    m++;
  if (m->name == NULL || count <= 0)
    return EXIT_FAILURE;
  m->run(count / 10); /* warm up */
  double start = cputime();
  m->run(count);
  (void)printf("%.1f\n", (cputime() - start) / (double)count);
  return EXIT_SUCCESS;
}


int main (int argc, char *argv[]) {
  if (argc == 3)
    return measure(argv[1], strtol(argv[2], NULL, 10));
  (void)puts("compiler " __VERSION__);
  for (const Measure *m = measures; m->name != NULL; m++)
    (void)puts(m->name);
  return EXIT_SUCCESS;
}
