#include "cgroup.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "process.h"
#include "sys.h"

/* small, as there is one for each level: a thread's stack may be small, too */
#define BUFFERSIZE 1024

/* how far down cgroups are followed */
#define MAXDEPTH 32

/* d_type of a directory */
#define DIRECTORY 4


/*
** Called with a number from the file 'cgroup.procs' of the directory. A result
** that is not 0 ends the walk.
*/
typedef int Visit (int dir, pid_t pid, void *about);

typedef struct Walk {
  Visit *visit;
  void *about;
} Walk;


/* the cgroup was removed meanwhile, or is threaded: listed further up then */
static int isnone (int rc) {
  return rc == -ENOENT || rc == -ENODEV || rc == -EOPNOTSUPP;
}


/* a number may be cut by the end of the buffer, and goes on in the next */
static int visitnumbers (const Walk *walk, int dir, const char *text, int size,
                         pid_t *number) {
  int rc = 0;
  for (int i = 0; i < size && rc == 0; i++) {
    if (text[i] >= '0' && text[i] <= '9')
      *number = *number * 10 + (text[i] - '0');
    else {
      if (*number > 0) /* 0: in a pid namespace we cannot see */
        rc = walk->visit(dir, *number, walk->about);
      *number = 0;
    }
  }
  return rc;
}


static int visitprocs (const Walk *walk, int dir) {
  char text[BUFFERSIZE];
  pid_t number = 0;
  int file = pfd_sys_openat(dir, "cgroup.procs", O_RDONLY);
  if (file < 0)
    return isnone(file) ? 0 : file;
  int size, rc = 0;
  do {
    size = pfd_sys_read(file, text, sizeof(text));
    if (size > 0)
      rc = visitnumbers(walk, dir, text, size, &number);
  } while (rc == 0 && (size > 0 || size == -EINTR));
  (void)pfd_sys_close(file);
  if (rc != 0)
    return rc;
  return (size < 0 && !isnone(size)) ? size : 0;
}


static int visitall (const Walk *walk, int above, const char *name, int depth);


static int isbelow (const Entry *entry) {
  return entry->type == DIRECTORY && strcmp(entry->name, ".") != 0 &&
         strcmp(entry->name, "..") != 0;
}


static int visitbelow (const Walk *walk, int dir, int depth) {
  _Alignas(Entry) char buffer[BUFFERSIZE];
  int size, rc = 0;
  while (rc == 0 &&
         (size = pfd_sys_getdents(dir, buffer, sizeof(buffer))) != 0) {
    if (size < 0)
      return isnone(size) ? 0 : size;
    for (int at = 0; at < size && rc == 0;) {
      const Entry *entry = (const Entry *)(const void *)(buffer + at);
      if (isbelow(entry))
        rc = visitall(walk, dir, entry->name, depth + 1);
      at += entry->length;
    }
  }
  return rc;
}


static int visitall (const Walk *walk, int above, const char *name, int depth) {
  if (depth > MAXDEPTH)
    return -ELOOP;
  int dir = pfd_sys_openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (dir < 0)
    return isnone(dir) ? 0 : dir;
  int rc = visitprocs(walk, dir);
  if (rc == 0)
    rc = visitbelow(walk, dir, depth);
  (void)pfd_sys_close(dir);
  return rc;
}


static int isthis (int dir, pid_t pid, void *about) {
  (void)dir;
  return pid == *(const pid_t *)about;
}


int pfd_cgroup_has (int dir, pid_t pid) {
  Walk walk = {.visit = isthis, .about = &pid};
  return visitall(&walk, dir, ".", 0);
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
typedef struct Mail {
  int sig;
  int refused;
} Mail;


static int deliver (int dir, pid_t pid, void *about) {
  Mail *mail = (Mail *)about;
  int pidfd = pfd_sys_open(pid, 0);
  if (pidfd < 0)
    return (pidfd == -ESRCH || pidfd == -EINVAL) ? 0 : pidfd;
  int rc = ismember(dir, pidfd, pid);
  if (rc > 0) {
    int sent = pfd_sys_send_signal(pidfd, mail->sig, NULL, 0);
    if (mail->sig == SIGTERM)
      (void)pfd_sys_send_signal(pidfd, SIGCONT, NULL, 0);
    mail->refused |= (sent == -EPERM);
  }
  (void)pfd_sys_close(pidfd);
  return (rc < 0) ? rc : 0;
}


static int deliverall (int dir, Mail *mail) {
  Walk walk = {.visit = deliver, .about = mail};
  return visitall(&walk, dir, ".", 0);
}


int pfd_cgroup_terminate (int dir) {
  Mail mail = {.sig = SIGTERM};
  return deliverall(dir, &mail);
}


int pfd_cgroup_kill (int dir) {
  int file = pfd_sys_openat(dir, "cgroup.kill", O_WRONLY);
  int rc = file;
  if (file >= 0) {
    rc = pfd_sys_write(file, "1", 1);
    (void)pfd_sys_close(file);
  }
  if (rc == -ENODEV)
    return 0;
  if (rc != -ENOENT && rc != -EACCES && rc != -EPERM)
    return (rc < 0) ? rc : 0;
  Mail mail = {.sig = SIGKILL};
  rc = deliverall(dir, &mail);
  return (rc == 0 && mail.refused) ? -EPERM : rc;
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
  int rc;
  do
    rc = pfd_sys_pread(events, text, sizeof(text) - 1, 0);
  while (rc == -EINTR);
  if (rc < 0)
    return (rc == -ENODEV) ? 0 : rc;
  text[rc] = '\0';
  return strstr(text, "populated 0") == NULL;
}
