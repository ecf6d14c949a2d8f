/*
** What everything else is measured against: the module's system calls,
** made in a loop in C. See run.lua. It is also the child, in every language,
** for whose end is waited: "raw end".
*/

#define _GNU_SOURCE /* ppoll */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>


#define MANY 10000 /* pidfds in a list */
#define ENDS 1000  /* children at most */

#define PFD_P_PIDFD ((idtype_t)3) /* older headers lack P_PIDFD */

/* one function: 'run' is timed, 'clock' returns nanoseconds itself */
typedef struct Measure {
  const char *name;
  void (*run)(long count);
  double (*clock)(long count);
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


static void poll_many (long count) {
  static struct pollfd events[MANY];
  if (events[0].events == 0) { /* while it warms up */
    for (int i = 0; i < MANY; i++)
      events[i] = (struct pollfd){.fd = openself(), .events = POLLIN};
  }
  for (long i = 0; i < count; i++) {
    struct timespec now = {0};
    (void)check(ppoll(events, MANY, &now, NULL));
  }
}


static double clocktime (clockid_t clock) {
  struct timespec now;
  (void)clock_gettime(clock, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}


static void say (double number) {
  (void)printf("%.0f\n", number);
  (void)fflush(stdout);
}


static double hear (FILE *child) {
  char line[64];
  (void)check(fgets(line, sizeof(line), child) ? 0 : -1);
  return strtod(line, NULL);
}


/*
** The child, in any language: tells its pid, leaves its parent the time
** to fall asleep, and tells when it ends.
*/
static int end (void) {
  struct timespec moment = {.tv_nsec = 1000000};
  say(getpid());
  (void)nanosleep(&moment, NULL);
  say(clocktime(CLOCK_MONOTONIC));
  _exit(EXIT_SUCCESS);
}


/* returns what the child writes to */
static FILE *startchild (void) {
  int ends[2];
  (void)check(pipe(ends));
  if (check(fork()) == 0) {
    (void)dup2(ends[1], STDOUT_FILENO);
    (void)execl("/proc/self/exe", "raw", "end", (char *)NULL);
    _exit(EXIT_FAILURE);
  }
  (void)close(ends[1]);
  return fdopen(ends[0], "r");
}


/* from the end of a child to the end of the wait for it */
static double latency (void) {
  FILE *child = startchild();
  int p = check(syscall(SYS_pidfd_open, (pid_t)hear(child), 0));
  siginfo_t info;
  (void)check(waitid(PFD_P_PIDFD, (id_t)p, &info, WEXITED));
  double now = clocktime(CLOCK_MONOTONIC);
  double before = hear(child);
  (void)close(p);
  (void)fclose(child);
  return now - before;
}


static int compare (const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}


static double waited (long count) {
  double times[ENDS] = {0};
  int n = 0;
  while (n < count && n < ENDS)
    times[n++] = latency();
  qsort(times, (size_t)n, sizeof(times[0]), compare);
  return times[n / 2];
}


/* clang-format off */
static const Measure measures[] = {
  {"open", open_close, NULL},
  {"getfd", getfd_close, NULL},
  {"send_signal", send_signal, NULL},
  {"poll", poll_now, NULL},
  {"poll_many", poll_many, NULL},
  {"wait", NULL, waited},
  {NULL, NULL, NULL},
};
/* clang-format on */


static double nanoseconds (const Measure *m, long count) {
  if (m->clock != NULL)
    return m->clock(count);
  m->run(count / 10); /* warm up */
  double start = clocktime(CLOCK_PROCESS_CPUTIME_ID);
  m->run(count);
  return (clocktime(CLOCK_PROCESS_CPUTIME_ID) - start) / (double)count;
}


static int measure (const char *name, long count) {
  const Measure *m = measures;
  while (m->name != NULL && strcmp(m->name, name) != 0)
    m++;
  if (m->name == NULL || count <= 0)
    return EXIT_FAILURE;
  (void)printf("%.1f\n", nanoseconds(m, count));
  return EXIT_SUCCESS;
}


int main (int argc, char *argv[]) {
  if (argc == 3)
    return measure(argv[1], strtol(argv[2], NULL, 10));
  if (argc == 2 && strcmp(argv[1], "end") == 0)
    return end();
  (void)puts("compiler " __VERSION__);
  for (const Measure *m = measures; m->name != NULL; m++)
    (void)puts(m->name);
  return EXIT_SUCCESS;
}
