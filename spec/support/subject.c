/*
** subject KIND [N]: be a process that has something special about it, write
** a line once it has, and live until it is killed.
**
**   mappings N   has N mappings that the kernel cannot merge
**   restarts N   does so again and again, each time in a new image of itself
**   memory N     has written to N MiB
**   thread       has a second thread, whose id is the line
**   children N   has N children
**   undumpable   has said PR_SET_DUMPABLE
**   dropped N    was root, and has become user and group N since it started
**   saving N     the same, but its saved user is root
*/

#define _GNU_SOURCE /* gettid */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define MIB ((size_t)1 << 20)


static void say (int n) {
  (void)printf("%d\n", n);
  (void)fflush(stdout);
}


static char *map (size_t size) {
  void *space = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (space == MAP_FAILED)
    exit(EXIT_FAILURE);
  return (char *)space;
}


/* every other page may not be written */
static void mappings (size_t n) {
  char *space = map(n * PAGE);
  for (size_t i = 0; i < n; i += 2)
    if (mprotect(space + i * PAGE, PAGE, PROT_READ) != 0)
      exit(EXIT_FAILURE);
  say(0);
}


static void restarts (size_t n) {
  char number[32];
  mappings(n);
  (void)snprintf(number, sizeof(number), "%zu", n);
  (void)execl("/proc/self/exe", "subject", "restarts", number, (char *)NULL);
}


static void memory (size_t n) {
  (void)memset(map(n * MIB), 1, n * MIB);
  say(0);
}


static void *second (void *unused) {
  say(gettid());
  for (;;)
    (void)pause();
  return unused;
}


static void thread (size_t n) {
  pthread_t id;
  (void)n;
  if (pthread_create(&id, NULL, second, NULL) != 0)
    exit(EXIT_FAILURE);
}


/* which end with it */
static void children (size_t n) {
  pid_t parent = getpid();
  for (size_t i = 0; i < n; i++) {
    pid_t pid = fork();
    if (pid < 0)
      exit(EXIT_FAILURE);
    if (pid == 0) {
      (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      while (getppid() == parent)
        (void)pause();
      _exit(EXIT_SUCCESS);
    }
  }
  say(0);
}


static void undumpable (size_t n) {
  (void)n;
  (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  say(0);
}


static void become (size_t n, uid_t saved) {
  if (setresgid((gid_t)n, (gid_t)n, (gid_t)n) != 0 ||
      setresuid((uid_t)n, (uid_t)n, saved) != 0)
    exit(EXIT_FAILURE);
  say(0);
}


static void dropped (size_t n) {
  become(n, (uid_t)n);
}


static void saving (size_t n) {
  become(n, 0);
}


int main (int argc, char **argv) {
  static const struct {
    const char *name;
    void (*become)(size_t n);
  } kinds[] = {
    {"mappings", mappings}, {"restarts", restarts},     {"memory", memory},
    {"thread", thread},     {"children", children},     {"dropped", dropped},
    {"saving", saving},     {"undumpable", undumpable},
  };
  for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(*kinds); i++)
    if (strcmp(argv[1], kinds[i].name) == 0) {
      kinds[i].become((argc > 2) ? strtoul(argv[2], NULL, 10) : 0);
      for (;;)
        (void)pause();
    }
  return EXIT_FAILURE;
}
