#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "../compat.h"

#include "../linux/family.h"
#include "../linux/process.h"
#include "../linux/sys.h"
#include "../lua/about.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"

#define BUFFERSIZE 4096
#define PATHSIZE 64

/* how often it is read again for children that were not there before */
#define ROUNDS 16

/* the stack, from the first to the last */
#define PARENT 1  /* the pidfd */
#define LIST 2    /* pidfds of the children that were found */
#define KNOWN 3   /* their numbers, as keys */
#define NUMBERS 4 /* a list of who may be a child */
#define DIR 5     /* handles, closed between their uses */
#define FILE_ 6


static int getparent (lua_State *L) {
  return pfd_handle_openas(L, PARENT, PFD_PIDFD)->fd;
}


static void addnumber (lua_State *L, pid_t pid) {
  lua_pushinteger(L, pid);
  lua_rawseti(L, NUMBERS, (lua_Integer)lua_rawlen(L, NUMBERS) + 1);
}


/*
** A number may go on in the next buffer: returns what there is of it. A number
** that is no pid does not come from the kernel: -EIO.
*/
static pid_t parsenumbers (lua_State *L, const char *buffer, int n, pid_t pid) {
  for (int i = 0; i < n; i++) {
    if (isdigit((unsigned char)buffer[i])) {
      if (pid > (INT_MAX - 9) / 10)
        return -EIO;
      pid = 10 * pid + (buffer[i] - '0');
    }
    else if (pid > 0) {
      addnumber(L, pid);
      pid = 0;
    }
  }
  return pid;
}


static int readnumbers (lua_State *L, int file) {
  char buffer[BUFFERSIZE];
  pid_t pid = 0;
  int rc;
  while ((rc = pfd_sys_readfile(file, buffer, sizeof(buffer))) > 0) {
    pid = parsenumbers(L, buffer, rc, pid);
    if (pid < 0)
      return pid;
  }
  if (pid > 0)
    addnumber(L, pid);
  return rc;
}


/*
** The children of one thread. Where the thread is there, and the file is not,
** the kernel was built without it: -EOPNOTSUPP.
*/
static int readthread (lua_State *L, const char *tid) {
  const Handle *dir = (const Handle *)lua_touserdata(L, DIR);
  Handle *file = (Handle *)lua_touserdata(L, FILE_);
  char path[PATHSIZE];
  long long state;
  (void)snprintf(path, sizeof(path), "%.20s/children", tid);
  int rc = pfd_sys_openat(dir->fd, path, O_RDONLY);
  if (rc >= 0) {
    file->fd = rc;
    rc = readnumbers(L, file->fd);
    (void)pfd_handle_close(file);
  }
  if (rc != -ENOENT && rc != -ESRCH)
    return rc;
  (void)snprintf(path, sizeof(path), "%.20s/stat", tid);
  int found = pfd_process_stat(dir->fd, path, PFD_STATE, &state);
  if (found == -ENOENT || found == -ESRCH)
    return 0; /* it has ended, and left its children to another thread */
  return (found == 0) ? -EOPNOTSUPP : found;
}


/* an entry of /proc; one whose parent cannot be read may be a child */
static int readprocess (lua_State *L, const char *name) {
  const Handle *dir = (const Handle *)lua_touserdata(L, DIR);
  char path[PATHSIZE];
  long long parent;
  (void)snprintf(path, sizeof(path), "%.20s/stat", name);
  int rc = pfd_process_stat(dir->fd, path, PFD_PARENT, &parent);
  if (rc == -ENOENT || rc == -ESRCH)
    return 0;
  if (rc < 0 && rc != -EACCES && rc != -EPERM)
    return rc;
  if (rc < 0 || parent == lua_tointeger(L, -1))
    addnumber(L, (pid_t)strtol(name, NULL, 10));
  return 0;
}


/* call 'read' for each number among the names of the directory 'fd' */
static int readall (lua_State *L, int fd,
                    int (*read)(lua_State *L, const char *name)) {
  _Alignas(Entry) char buffer[BUFFERSIZE];
  if (fd < 0)
    return fd;
  Handle *dir = (Handle *)lua_touserdata(L, DIR);
  dir->fd = fd;
  int rc;
  while ((rc = pfd_sys_getdents(fd, buffer, sizeof(buffer))) > 0) {
    int size = rc;
    rc = 0;
    for (int at = 0; at < size && rc == 0;) {
      const Entry *entry = (const Entry *)(const void *)(buffer + at);
      if (isdigit((unsigned char)entry->name[0]))
        rc = read(L, entry->name);
      at += entry->length;
    }
    if (rc < 0)
      break;
  }
  (void)pfd_handle_close(dir);
  return rc;
}


/* without the files of the threads: who has that parent, of all there are? */
static int walkproc (lua_State *L) {
  pid_t parent = pfd_family_process(getparent(L));
  if (parent < 0)
    return parent;
  lua_pushinteger(L, parent);
  int proc = pfd_sys_openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY);
  int rc = readall(L, proc, readprocess);
  lua_pop(L, 1);
  return rc;
}


/*
** Fill NUMBERS. They are those of /proc, which has to be this namespace's.
*/
static int readchildren (lua_State *L) {
  int ours = pfd_process_isourproc();
  if (ours <= 0)
    return (ours < 0) ? ours : -EREMOTE;
  lua_newtable(L);
  lua_replace(L, NUMBERS);
  int flags = O_RDONLY | O_DIRECTORY;
  int rc =
    readall(L, pfd_process_open(getparent(L), "task", flags), readthread);
  return (rc == -EOPNOTSUPP) ? walkproc(L) : rc;
}


static int isknown (lua_State *L, pid_t pid) {
  int known = lua_rawgeti(L, KNOWN, pid) != LUA_TNIL;
  lua_pop(L, 1);
  return known;
}


/* open that number, and add it to LIST: 1, or 0 if it is no child's any more */
static int addchild (lua_State *L, pid_t pid, int *tries) {
  int rc;
  Handle *h = pfd_handle_new(L, PFD_PIDFD);
  do
    rc = pfd_family_open(getparent(L), pid);
  while (pfd_handle_retry(L, rc, tries));
  if (rc < 0) {
    (void)pfd_handle_close(h);
    lua_pop(L, 1);
    return (rc == -ESRCH) ? 0 : rc;
  }
  h->fd = rc;
  h->end.pid = pid;
  lua_rawseti(L, LIST, (lua_Integer)lua_rawlen(L, LIST) + 1);
  lua_pushboolean(L, 1);
  lua_rawseti(L, KNOWN, pid);
  return 1;
}


/* how many of NUMBERS are new, or -errno */
static int addchildren (lua_State *L, int *tries) {
  int new = 0;
  for (lua_Integer i = 1; lua_rawgeti(L, NUMBERS, i) == LUA_TNUMBER; i++) {
    pid_t pid = (pid_t)lua_tointeger(L, -1);
    lua_pop(L, 1);
    int rc = isknown(L, pid) ? 0 : addchild(L, pid, tries);
    if (rc < 0)
      return rc;
    new += rc;
  }
  lua_pop(L, 1); /* nil */
  return new;
}


/*
** The kernel may pass over a child if one before it ends while they are read:
** so it is read until nobody new is there.
*/
static int findall (lua_State *L) {
  int rc, tries = 0, rounds = 0;
  do {
    do
      rc = readchildren(L);
    while (pfd_handle_retry(L, rc, &tries));
    if (rc == 0)
      rc = addchildren(L, &tries);
  } while (rc > 0 && ++rounds < ROUNDS);
  return rc;
}


/* what a call that fails has opened is not left to the collector */
static void closeall (lua_State *L) {
  for (lua_Integer i = 1; lua_rawgeti(L, LIST, i) == LUA_TUSERDATA; i++) {
    (void)pfd_handle_close((Handle *)lua_touserdata(L, -1));
    lua_pop(L, 1);
  }
  lua_pop(L, 1); /* nil */
}


/*
** p:children ()
** proc(5), /proc/PID/task/TID/children: the direct children of the process, of
** all its threads, zombies among them.
**
** Returns a list of pidfds, or fails with
**   ESRCH   the process has ended, and its children are another's by now
**   EREMOTE it cannot be seen from this pid namespace, or /proc is another's
**   ENOENT  /proc is not mounted, or hides the process
**   EMFILE, ENFILE  no descriptor left: it takes one for each child, and two
**   ENOSYS  before Linux 5.3
**
** Each was a child of this very process after it was opened: it was asked for
** the number of its parent, and then the parent whether it still has that
** number. A process that is a child from the beginning to the end of the call
** is in the list.
*/
int pfd_l_children (lua_State *L) {
  (void)getparent(L);
  lua_settop(L, PARENT);
  lua_newtable(L);
  lua_newtable(L);
  lua_newtable(L);
  (void)pfd_handle_new(L, PFD_FD);
  (void)pfd_handle_new(L, PFD_FD);
  int rc = findall(L);
  int events = pfd_process_events(getparent(L));
  if (events != 0)
    rc = (events < 0) ? events : -ESRCH;
  if (rc >= 0) {
    lua_settop(L, LIST);
    return 1;
  }
  closeall(L);
  return pfd_fail_proc(L, pfd_about(L, "children", PARENT), rc);
}
