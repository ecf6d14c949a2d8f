#define _GNU_SOURCE /* O_PATH */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "sys.h"


/* fdinfo of a pidfd has six short lines at most */
#define FDINFOSIZE 1024

#define PATHSIZE 64

/* a line of /proc/PID/stat has 52 numbers of 20 digits at most */
#define STATSIZE 2048

#define BUFFERSIZE 4096

/* how often another thread is looked for, when one has ended meanwhile */
#define TRIES 100

/* it has; no errno is as small */
#define GONE (-100000)


/* fill 'text', a string of at most 'size' bytes: its length, or -errno */
static int readfile (int dir, const char *path, char *text, size_t size) {
  int file = pfd_sys_openat(dir, path, O_RDONLY);
  if (file < 0)
    return file;
  int rc = pfd_sys_readfile(file, text, size - 1);
  (void)pfd_sys_close(file);
  if (rc >= 0)
    text[rc] = '\0';
  return rc;
}


/*
** ESRCH and EREMOTE say what the line "Pid:" says. They never come from the
** open or the read itself: our own thread and descriptor are there.
*/
pid_t pfd_process_procpid (int pidfd) {
  char path[PATHSIZE], text[FDINFOSIZE];
  (void)snprintf(path, sizeof(path), "/proc/thread-self/fdinfo/%d", pidfd);
  int rc = readfile(AT_FDCWD, path, text, sizeof(text));
  if (rc < 0)
    return (rc == -ESRCH || rc == -EREMOTE) ? -EIO : rc;
  const char *line = strstr(text, "\nPid:");
  if (line == NULL)
    return -EBADF;
  long pid = strtol(line + sizeof("\nPid:") - 1, NULL, 10);
  if (pid < 0)
    return -ESRCH;
  return (pid == 0) ? -EREMOTE : (pid_t)pid;
}


/* with O_PATH it is a name only, of which nothing can be asked */
int pfd_process_check (int fd) {
  int rc = pfd_sys_flags(fd);
  if (rc < 0)
    return rc;
  if (rc & O_PATH)
    return -EBADF;
  rc = pfd_sys_onpidfs(fd);
  if (rc != 0)
    return (rc == 1) ? 0 : rc;
  rc = pfd_process_procpid(fd); /* before Linux 6.9 */
  return (rc > 0 || rc == -ESRCH || rc == -EREMOTE) ? 0 : rc;
}


/* EINVAL, and since Linux 6.16 ENOENT: it is a thread's */
int pfd_process_isfree (int rc) {
  return rc == -ESRCH || rc == -ENOENT || rc == -EINVAL;
}


int pfd_process_isourproc (void) {
  char self[PATHSIZE];
  int length =
    pfd_sys_readlinkat(AT_FDCWD, "/proc/self", self, sizeof(self) - 1);
  if (length == -ENOENT && pfd_sys_isproc() == 1)
    return 0; /* /proc of a namespace in which we are not */
  if (length < 0)
    return length;
  self[length] = '\0';
  return strtol(self, NULL, 10) == pfd_sys_getpid();
}


/* before Linux 6.13 */
static pid_t readpid (int pidfd) {
  pid_t pid = pfd_process_procpid(pidfd);
  if (pid < 0)
    return pid;
  int ours = pfd_process_isourproc();
  if (ours < 0)
    return ours;
  return ours ? pid : -EREMOTE;
}


/*
** Signal 0 asks without descriptor and without /proc. EINVAL: the process is
** in a pid namespace that cannot be seen from here.
*/
static int isinvisible (int pidfd) {
  return pfd_sys_send_signal(pidfd, 0, NULL, 0) == -EINVAL;
}


/*
** Does the kernel tell no numbers by PIDFD_GET_INFO? It does not before Linux
** 6.13; nor does a seccomp filter that answers 0 in its place.
*/
int pfd_process_isuntold (int rc, const Info *info) {
  return rc == -ENOTTY || rc == -EINVAL || (rc == 0 && info->pid == 0);
}


pid_t pfd_process_pid (int pidfd) {
  Info info = {.mask = PIDFD_INFO_PID};
  int rc = pfd_sys_info(pidfd, &info);
  if (pfd_process_isuntold(rc, &info))
    return readpid(pidfd);
  if (rc == -ESRCH) /* reaped; before Linux 7.0 also: not visible */
    return isinvisible(pidfd) ? -EREMOTE : rc;
  return (rc < 0) ? rc : (pid_t)info.pid;
}


/* a child that is not reaped is surely not this process, nor its thread */
int pfd_process_ischild (int pidfd) {
  siginfo_t info;
  int options = WEXITED | WNOHANG | WNOWAIT | __WALL;
  int rc = pfd_sys_waitid(pidfd, &info, options, NULL);
  if (rc == -ECHILD)
    return 0;
  return (rc < 0) ? rc : 1;
}


/*
** The calling thread may send itself a signal that claims to come from the
** kernel. For anybody else that is EPERM, whatever the permissions are: so
** signal 0 tells one from the other, without descriptor and without /proc.
** A seccomp filter may say EPERM, too. It looks at numbers only, and would
** say so of a descriptor that does not exist.
*/
static int iscaller (int pidfd) {
  siginfo_t info = {.si_signo = 0, .si_code = SI_USER};
  int rc = pfd_sys_send_signal(pidfd, 0, &info, 0);
  if (rc == -EPERM && pfd_sys_send_signal(-1, 0, NULL, 0) != -EBADF)
    return rc;
  if (rc == -EPERM || rc == -ESRCH || rc == -EINVAL)
    return 0;
  return (rc < 0) ? rc : 1;
}


/*
** To the kernel, a process is its first thread here. So "no" is an answer
** about the whole process only where the first thread asks. 'unknown' is why
** the pid cannot be told.
*/
static int isselfbysignal (int pidfd, int unknown, Self self) {
  int rc = iscaller(pidfd);
  if (rc != 0)
    return (rc < 0) ? unknown : rc;
  int flags = pfd_sys_flags(pidfd);
  if (flags < 0)
    return flags;
  if (flags & PIDFD_THREAD)
    return (self == PFD_ANYTHREAD) ? unknown : 0;
  return (pfd_sys_gettid() == pfd_sys_getpid()) ? 0 : unknown;
}


int pfd_process_isself (int pidfd, Self self) {
  pid_t pid = pfd_process_pid(pidfd);
  if (pid > 0 && self == PFD_ANYTHREAD)
    return pfd_sys_isthread(pid);
  if (pid > 0)
    return pid == pfd_sys_getpid() || pid == pfd_sys_gettid();
  if (pid == -ESRCH || pid == -EBADF)
    return 0;
  int child = pfd_process_ischild(pidfd);
  return (child == 1) ? 0 : isselfbysignal(pidfd, pid, self);
}


/* the start of field 'n' of the line in 'stat'; field 2 is "(any name)" */
static const char *findfield (const char *stat, int n) {
  const char *at = strrchr(stat, ')');
  for (int field = 2; field < n && at != NULL; field++)
    at = strchr(at + 1, ' ');
  return at;
}


int pfd_process_stat (int dir, const char *path, int field, long long *value) {
  char text[STATSIZE];
  int rc = readfile(dir, path, text, sizeof(text));
  if (rc < 0)
    return rc;
  const char *at = findfield(text, field);
  if (at == NULL)
    return -EIO;
  *value = (field == PFD_STATE) ? at[1] : strtoll(at, NULL, 10);
  return 0;
}


int pfd_process_status (int dir, const char *path, const char *key,
                        long long *value) {
  char text[STATSIZE];
  int rc = readfile(dir, path, text, sizeof(text));
  if (rc < 0)
    return rc;
  const char *at = strstr(text, key);
  if (at == NULL)
    return -EIO;
  *value = strtoll(at + strlen(key), NULL, 10);
  return 0;
}


/*
** The threads of the kernel are children of its thread 2, whose own parent
** has no number. In another pid namespace an ordinary process may be 2, so
** this only tells of which processes there is no need to read the flags.
*/
static int maybekernel (int pidfd) {
  Info info = {.mask = PIDFD_INFO_PID};
  return pfd_sys_info(pidfd, &info) != 0 || info.ppid == 2 || info.ppid == 0;
}


#define PF_KTHREAD 0x00200000


int pfd_process_iskernel (int pidfd) {
  if (!maybekernel(pidfd))
    return 0;
  int dir = pfd_process_open(pidfd, "", O_RDONLY | O_DIRECTORY);
  if (dir < 0)
    return (dir == -ESRCH) ? 0 : dir;
  long long flags = 0;
  int rc = pfd_process_stat(dir, "stat", PFD_FLAGS, &flags);
  (void)pfd_sys_close(dir);
  if (rc < 0) /* the directory was there: without the file, it has gone */
    return (rc == -ESRCH || rc == -ENOENT) ? 0 : rc;
  return (flags & PF_KTHREAD) != 0;
}


/* what is not filled is zero, and the kernel always knows one bit at least */
unsigned long long pfd_process_infomask (const Info *info) {
  __u64 mask = info->supported_mask;
  if (!(info->mask & PIDFD_INFO_SUPPORTED_MASK))
    return 0;
  if (mask == 0)
    memcpy(&mask, (const char *)info + PFD_OLD_SUPPORTED_MASK, sizeof(mask));
  return mask;
}


/* before Linux 6.9 all pidfds share one inode, which tells nothing */
int pfd_process_id (int pidfd, unsigned long long *id) {
  int rc = pfd_sys_onpidfs(pidfd);
  if (rc < 1)
    return (rc < 0) ? rc : -EOPNOTSUPP;
  return pfd_sys_inode(pidfd, id);
}


/*
** The number cannot pass to another process before ours is reaped. If
** the pidfd has the same number after the open as before, then the file
** is our process's, and stays so whatever happens to the number later.
*/
int pfd_process_open (int pidfd, const char *name, int flags) {
  pid_t pid = pfd_process_procpid(pidfd);
  if (pid < 0)
    return pid;
  char path[PATHSIZE];
  (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
  int fd = pfd_sys_openat(AT_FDCWD, path, flags);
  pid_t after = pfd_process_procpid(pidfd);
  if (after == pid)
    return fd;
  if (fd >= 0)
    (void)pfd_sys_close(fd);
  return (after < 0) ? after : -ESRCH;
}


int pfd_process_lives (int dir, const char *path) {
  long long state;
  int rc = pfd_process_stat(dir, path, PFD_STATE, &state);
  if (rc == -ESRCH || rc == -ENOENT)
    return 0;
  return (rc < 0) ? rc : strchr("ZXx", (int)state) == NULL;
}


/* a thread that lives, among the entries of one buffer: 0 if there is none */
static pid_t chooseliving (int tasks, const char *buffer, int size) {
  for (int at = 0; at < size;) {
    const Entry *entry = (const Entry *)(const void *)(buffer + at);
    char path[PATHSIZE];
    (void)snprintf(path, sizeof(path), "%.20s/stat", entry->name);
    int lives = (entry->name[0] == '.') ? 0 : pfd_process_lives(tasks, path);
    if (lives != 0)
      return (lives < 0) ? lives : (pid_t)strtol(entry->name, NULL, 10);
    at += entry->length;
  }
  return 0;
}


/* a thread that lives, of the process behind that directory: 0 if none */
static pid_t findliving (int tasks) {
  _Alignas(Entry) char buffer[BUFFERSIZE];
  pid_t tid = 0;
  int rc;
  do {
    rc = pfd_sys_getdents(tasks, buffer, sizeof(buffer));
    if (rc > 0)
      tid = chooseliving(tasks, buffer, rc);
  } while (rc > 0 && tid == 0);
  return (rc < 0) ? rc : tid;
}


/*
** The directory 'task' shows the threads of this process only, however often
** their numbers are given to others.
*/
static pid_t openliving (int pidfd, int *tasks) {
  *tasks = pfd_process_open(pidfd, "task", O_RDONLY | O_DIRECTORY);
  if (*tasks < 0)
    return *tasks;
  pid_t tid = findliving(*tasks);
  if (tid <= 0)
    (void)pfd_sys_close(*tasks);
  return (tid == 0) ? GONE : tid;
}


/* the search has returned 'found': is it to be made again? */
static int again (int pidfd, int found, int *tries) {
  return found == GONE && ++*tries < TRIES && pfd_process_events(pidfd) == 0;
}


/* if the thread ends meanwhile, no error says anything about the file */
static int openbelow (int tasks, pid_t tid, const char *name, int flags) {
  char path[PATHSIZE];
  (void)snprintf(path, sizeof(path), "%d/%s", (int)tid, name);
  int fd = pfd_sys_openat(tasks, path, flags);
  if (fd >= 0)
    return fd;
  (void)snprintf(path, sizeof(path), "%d/stat", (int)tid);
  int lives = pfd_process_lives(tasks, path);
  return (lives == 0) ? GONE : fd;
}


int pfd_process_openthread (int pidfd, const char *name, int flags) {
  int fd, tries = 0;
  do {
    int tasks;
    fd = openliving(pidfd, &tasks);
    if (fd > 0) {
      fd = openbelow(tasks, fd, name, flags);
      (void)pfd_sys_close(tasks);
    }
  } while (again(pidfd, fd, &tries));
  return (fd == GONE) ? -EAGAIN : fd;
}


/*
** The number of a thread may be a stranger's when it is opened. A stranger
** would have to be over before the number appears among the threads of this
** process: so if it appears, and after that the thread that was opened still
** runs, it is the one.
*/
static int openchecked (int tasks, pid_t tid) {
  char path[PATHSIZE];
  int thread = pfd_sys_open(tid, PIDFD_THREAD);
  if (thread < 0)
    return (thread == -ESRCH) ? GONE : thread;
  (void)snprintf(path, sizeof(path), "%d/stat", (int)tid);
  int lives = pfd_process_lives(tasks, path);
  int events = (lives > 0) ? pfd_process_events(thread) : lives;
  if (lives > 0 && events == 0)
    return thread;
  (void)pfd_sys_close(thread);
  return (events < 0) ? events : GONE;
}


/* a pidfd of a living thread; -EOPNOTSUPP before Linux 6.9 */
static int openthread (int pidfd) {
  int ours = pfd_process_isourproc();
  if (ours <= 0)
    return (ours < 0) ? ours : -EREMOTE;
  int thread, tries = 0;
  do {
    int tasks;
    thread = openliving(pidfd, &tasks);
    if (thread > 0) {
      thread = openchecked(tasks, thread);
      (void)pfd_sys_close(tasks);
    }
  } while (again(pidfd, thread, &tries));
  if (thread == GONE)
    return -EAGAIN;
  return (thread == -EINVAL) ? -EOPNOTSUPP : thread;
}


/* through a thread that may end as well before it is asked */
static int trythreads (int pidfd, PidfdCall call, const void *arg) {
  int rc, tries = 0;
  do {
    rc = openthread(pidfd);
    if (rc >= 0) {
      int thread = rc;
      rc = call(thread, arg);
      (void)pfd_sys_close(thread);
      rc = (rc == -ESRCH) ? GONE : rc;
    }
  } while (again(pidfd, rc, &tries));
  return (rc == GONE) ? -EAGAIN : rc;
}


int pfd_process_byliving (int pidfd, PidfdCall call, const void *arg) {
  int rc = call(pidfd, arg);
  if (rc != -ESRCH || pfd_process_events(pidfd) != 0)
    return rc;
  rc = trythreads(pidfd, call, arg);
  if (rc == -EAGAIN && pfd_process_events(pidfd) != 0)
    return -ESRCH; /* it has ended meanwhile */
  return rc;
}


/* POLLHUP is told since Linux 6.9 */
int pfd_process_events (int pidfd) {
  struct pollfd event = {.fd = pidfd, .events = POLLIN};
  int rc, tries = 0;
  do
    rc = pfd_sys_pollnow(&event, 1);
  while (pfd_sys_again(&rc, &tries));
  if (event.revents & POLLNVAL)
    return -EBADF;
  return (rc > 0) ? event.revents : rc;
}
