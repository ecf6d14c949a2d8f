/*
** A process of two threads. It tells the id of the second one, which obeys
** the lines that it reads:
**
**   leave   end, by itself
**   exit    end the process, with status 3
**   fork    start a child, which sleeps, and tell its id
**   exec    become a shell, which exits with status 5 after another line
**
** With any argument, the first thread, the leader, ends at once. Whichever
** thread gets SIGUSR1 tells its id.
*/

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>


static void tell (int sig) {
  (void)sig;
  char line[32];
  int length = snprintf(line, sizeof(line), "%ld\n", syscall(SYS_gettid));
  (void)!write(STDOUT_FILENO, line, (size_t)length);
}


static void become_shell (void) {
  (void)execl("/bin/sh", "sh", "-c", "read line; exit 5", (char *)NULL);
}


/* It tells its id once it is sure to end with this thread. */
static void start_child (void) {
  pid_t ours = getpid();
  if (fork() != 0)
    return;
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != ours)
    _exit(EXIT_FAILURE);
  tell(0);
  for (;;)
    (void)pause();
}


static void *obey (void *unused) {
  (void)unused;
  tell(0);
  char line[32];
  while (fgets(line, sizeof(line), stdin) != NULL) {
    if (strcmp(line, "leave\n") == 0)
      pthread_exit(NULL);
    if (strcmp(line, "exit\n") == 0)
      exit(3);
    if (strcmp(line, "fork\n") == 0)
      start_child();
    if (strcmp(line, "exec\n") == 0)
      become_shell();
  }
  exit(EXIT_SUCCESS);
}


int main (int argc, char **argv) {
  (void)argv;
  pthread_t second;
  struct sigaction action = {.sa_handler = tell, .sa_flags = SA_RESTART};
  (void)sigaction(SIGUSR1, &action, NULL);
  (void)setvbuf(stdin, NULL, _IONBF, 0); /* the shell's turn comes, too */
  if (pthread_create(&second, NULL, obey, NULL) != 0)
    return EXIT_FAILURE;
  if (argc > 1)
    pthread_exit(NULL);
  for (;;)
    (void)pause();
}
