#include "cgroup.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "process.h"
#include "sys.h"

#define BUFFERSIZE 1024

/* the kernel limits the name of a cgroup only as part of a path */
#define NAMESIZE PATH_MAX

/* room for an entry with the longest name */
#define ENTRIESSIZE (2 * NAMESIZE)

/* how far down cgroups are followed: each level takes a descriptor */
#define MAXDEPTH 32

/* d_type of a directory */
#define DIRECTORY 4


/*
** Called with a number from the file 'cgroup.procs' of the directory. A result
** that is not 0 ends the walk.
*/
typedef int Visit (int dir, pid_t pid, void *about);

/* the directories from the first one down to where it is */
typedef struct Walk {
  Visit *visit;
  void *about;
  pid_t number; /* as far as it was read */
  int depth;
  int dirs[MAXDEPTH];
} Walk;


/* the cgroup was removed meanwhile, or is threaded: listed further up then */
static int isnone (int rc) {
  return rc == -ENOENT || rc == -ENODEV || rc == -EOPNOTSUPP;
}


/*
** A number of 0 is a process in a pid namespace that we cannot see. A number
** that is no pid does not come from the kernel: some other file is mounted
** there.
*/
static int visitdigit (Walk *walk, int dir, char c) {
  if (c >= '0' && c <= '9') {
    if (walk->number > (INT_MAX - 9) / 10)
      return -EIO;
    walk->number = walk->number * 10 + (c - '0');
    return 0;
  }
  pid_t pid = walk->number;
  walk->number = 0;
  return (pid > 0) ? walk->visit(dir, pid, walk->about) : 0;
}


/* a number may be cut by the end of the buffer, and goes on in the next */
static int visitchunk (Walk *walk, int dir, int file, int *more) {
  char text[BUFFERSIZE];
  int size = pfd_sys_readfile(file, text, sizeof(text));
  int rc = 0;
  for (int i = 0; i < size && rc == 0; i++)
    rc = visitdigit(walk, dir, text[i]);
  *more = size > 0;
  return (*more || isnone(size)) ? rc : size;
}


static int visitprocs (Walk *walk, int dir) {
  int file = pfd_sys_openat(dir, "cgroup.procs", O_RDONLY);
  if (file < 0)
    return isnone(file) ? 0 : file;
  int more, rc;
  walk->number = 0;
  do
    rc = visitchunk(walk, dir, file, &more);
  while (rc == 0 && more);
  (void)pfd_sys_close(file);
  return rc;
}


static int isbelow (const Entry *entry) {
  return entry->type == DIRECTORY && strcmp(entry->name, ".") != 0 &&
         strcmp(entry->name, "..") != 0;
}


/* the first cgroup among the entries of one buffer, or NULL */
static const Entry *choosebelow (const char *buffer, int size) {
  for (int at = 0; at < size;) {
    const Entry *entry = (const Entry *)(const void *)(buffer + at);
    if (isbelow(entry))
      return entry;
    at += entry->length;
  }
  return NULL;
}


/* the next cgroup in the directory, which is read on from there: 1, or 0 */
static int findbelow (int dir, char name[NAMESIZE]) {
  _Alignas(Entry) char buffer[ENTRIESSIZE];
  int size;
  while ((size = pfd_sys_getdents(dir, buffer, sizeof(buffer))) > 0) {
    const Entry *entry = choosebelow(buffer, size);
    if (entry != NULL) {
      (void)snprintf(name, NAMESIZE, "%s", entry->name);
      int rc = pfd_sys_seek(dir, entry->offset);
      return (rc < 0) ? rc : 1;
    }
  }
  return isnone(size) ? 0 : size;
}


static int enter (Walk *walk, int above, const char *name) {
  if (walk->depth == MAXDEPTH)
    return -ELOOP;
  int dir = pfd_sys_openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (dir < 0)
    return isnone(dir) ? 0 : dir;
  walk->dirs[walk->depth++] = dir;
  return visitprocs(walk, dir);
}


static void leave (Walk *walk) {
  (void)pfd_sys_close(walk->dirs[--walk->depth]);
}


/* the cgroup, and all below it */
static int visitall (int dir, Visit *visit, void *about) {
  Walk walk = {.visit = visit, .about = about};
  int rc = enter(&walk, dir, ".");
  while (rc == 0 && walk.depth > 0) {
    char name[NAMESIZE];
    int lowest = walk.dirs[walk.depth - 1];
    rc = findbelow(lowest, name);
    if (rc == 0)
      leave(&walk);
    else if (rc > 0)
      rc = enter(&walk, lowest, name);
  }
  while (walk.depth > 0)
    leave(&walk);
  return rc;
}


static int isthis (int dir, pid_t pid, void *about) {
  (void)dir;
  return pid == *(const pid_t *)about;
}


int pfd_cgroup_has (int dir, pid_t pid) {
  return visitall(dir, isthis, &pid);
}


/*
** A number may be a stranger's when it is opened. If it is in the list after
** that, and the process that was opened still runs then, it is the one.
*/
static int islisted (int dir, int pidfd, pid_t pid) {
  Walk walk = {.visit = isthis, .about = &pid};
  int rc = visitprocs(&walk, dir);
  if (rc <= 0)
    return rc;
  rc = pfd_process_events(pidfd);
  return (rc < 0) ? rc : rc == 0;
}


/* Linux 6.13 tells the cgroup, and there is no need to read the list again */
static int ismember (int dir, int pidfd, pid_t pid) {
  Info info = {.mask = PIDFD_INFO_CGROUPID};
  unsigned long long inode = 0;
  if (pfd_sys_info(pidfd, &info) == 0 && (info.mask & PIDFD_INFO_CGROUPID) &&
      pfd_sys_inode(dir, &inode) == 0 && info.cgroupid == inode)
    return 1;
  return islisted(dir, pidfd, pid);
}


/* what is sent, and whether it was refused for lack of permission */
typedef struct Sending {
  int sig;
  int refused;
} Sending;


static int sendone (int dir, pid_t pid, void *about) {
  Sending *s = (Sending *)about;
  int pidfd = pfd_sys_open(pid, 0);
  if (pidfd < 0)
    return pfd_process_isfree(pidfd) ? 0 : pidfd;
  int rc = ismember(dir, pidfd, pid);
  if (rc > 0) {
    int sent = pfd_sys_send_signal(pidfd, s->sig, NULL, 0);
    if (s->sig == SIGTERM)
      (void)pfd_sys_send_signal(pidfd, SIGCONT, NULL, 0);
    s->refused |= (sent == -EPERM);
  }
  (void)pfd_sys_close(pidfd);
  return (rc < 0) ? rc : 0;
}


int pfd_cgroup_terminate (int dir) {
  Sending sending = {.sig = SIGTERM};
  return visitall(dir, sendone, &sending);
}


int pfd_cgroup_kill (int dir) {
  int file = pfd_sys_openat(dir, "cgroup.kill", O_WRONLY);
  int rc = file;
  if (file >= 0) {
    rc = pfd_sys_writefile(file, "1", 1);
    (void)pfd_sys_close(file);
  }
  if (rc == -ENODEV)
    return 0;
  if (rc != -ENOENT && rc != -EACCES && rc != -EPERM)
    return (rc < 0) ? rc : 0;
  Sending sending = {.sig = SIGKILL};
  rc = visitall(dir, sendone, &sending);
  return (rc == 0 && sending.refused) ? -EPERM : rc;
}


/*
** A cgroup that was removed has no files. One that has 'cgroup.procs' and no
** 'cgroup.events' is of version 1, or the root.
*/
int pfd_cgroup_events (int dir) {
  int file = pfd_sys_openat(dir, "cgroup.events", O_RDONLY);
  if (file != -ENOENT)
    return file;
  file = pfd_sys_openat(dir, "cgroup.procs", O_RDONLY);
  if (file < 0)
    return (file == -ENOENT) ? -ENODEV : file;
  (void)pfd_sys_close(file);
  return -EOPNOTSUPP;
}


int pfd_cgroup_populated (int events) {
  char text[BUFFERSIZE];
  int rc = pfd_sys_pread(events, text, sizeof(text) - 1, 0);
  if (rc < 0)
    return (rc == -ENODEV) ? 0 : rc;
  text[rc] = '\0';
  return strstr(text, "populated 0") == NULL;
}
