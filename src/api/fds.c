#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "../compat.h"

#include "../linux/process.h"
#include "../linux/sys.h"
#include "../lua/about.h"
#include "../lua/explain.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"

#define BUFFERSIZE 4096

/* how many threads of a process are tried that end while they are read */
#define THREADS 100

/* one has; no errno is as small */
#define ENDED (-100000)


/*
** Set t[number] = target for the descriptor called 'name'; the table is
** on top. One that was closed a moment ago is passed over, and one whose
** path is too long for the kernel to tell does not hide the others.
*/
static int addlink (lua_State *L, int dir, const char *name) {
  char target[PATH_MAX];
  int length = pfd_sys_readlinkat(dir, name, target, sizeof(target));
  if (length == -ENOENT)
    return 0;
  if (length == -ENAMETOOLONG)
    lua_pushliteral(L, "(name too long)");
  else if (length < 0)
    return length;
  else
    lua_pushlstring(L, target, (size_t)length);
  lua_rawseti(L, -2, strtol(name, NULL, 10));
  return 0;
}


/* the entries of one buffer, less "." and ".." */
static int addlinks (lua_State *L, int dir, const char *buffer, int size) {
  int rc = 0;
  for (int at = 0; at < size && rc == 0;) {
    const Entry *entry = (const Entry *)(const void *)(buffer + at);
    if (entry->name[0] != '.')
      rc = addlink(L, dir, entry->name);
    at += entry->length;
  }
  return rc;
}


/*
** Assumes the table is on top. Not readdir(3), which would need a DIR that
** nobody frees when a memory error is raised.
*/
static int readlinks (lua_State *L, int dir) {
  _Alignas(Entry) char buffer[BUFFERSIZE];
  int rc;
  while ((rc = pfd_sys_getdents(dir, buffer, sizeof(buffer))) > 0) {
    rc = addlinks(L, dir, buffer, rc);
    if (rc < 0)
      break;
  }
  return rc;
}


/*
** Push a table of what the descriptors of a living thread are; 'dir' is a
** closed handle, and closed again afterwards. If the thread has ended while
** it was read, the table may lack some, and there may be another thread.
*/
static int readthread (lua_State *L, int pidfd, Handle *dir) {
  int rc = pfd_process_openthread(pidfd, "fd", O_RDONLY | O_DIRECTORY);
  if (rc < 0)
    return rc;
  dir->fd = rc;
  lua_newtable(L);
  rc = readlinks(L, dir->fd);
  int lives = pfd_process_lives(dir->fd, "../stat");
  (void)pfd_handle_close(dir);
  if (lives == 0)
    return ENDED;
  return (lives < 0) ? lives : rc;
}


/*
** p:fds ()
** /proc/PID/fd: what descriptors the process has, and what is behind
** each of them.
**
** Returns a table from descriptor number to target, as readlink(2) gives
** it ("/var/log/x (deleted)", "socket:[3512]"), or fails with
**   ESRCH   the process has ended
**   EACCES  no ptrace access to that process
**   EREMOTE it lives in a pid namespace that this /proc does not show
**   ENOENT  /proc is not mounted, or hides the process
**   EMFILE  this process has no descriptor left
**   ENFILE  the system has no descriptor left
**   EAGAIN  its first thread has ended, and the others come and go
**
** A running process goes on opening and closing while its table is read;
** of this process itself, it shows the descriptor that reads it too. One
** whose first thread has ended has its descriptors in the others, and they
** are read there. A path of over 4095 bytes is told as "(name too long)".
** The numbers count in that process: they are for p:getfd.
*/
int pfd_l_fds (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  lua_settop(L, 1);
  Handle *dir = pfd_handle_new(L, PFD_FD);
  int rc, events, tries = 0, threads = 0;
  do {
    lua_settop(L, 2); /* pidfd, directory */
    Handle *p = pfd_handle_openas(L, 1, PFD_PIDFD);
    rc = readthread(L, p->fd, dir);
    /* the end of a process shows in its directory as this or that error */
    p = pfd_handle_openas(L, 1, PFD_PIDFD);
    events = pfd_process_events(p->fd);
  } while ((rc == ENDED && events == 0 && threads++ < THREADS) ||
           pfd_handle_retry(L, rc, &tries));
  if (rc == ENDED)
    rc = -EAGAIN;
  if (events != 0)
    rc = (events < 0) ? events : -ESRCH;
  if (rc == 0)
    return 1;
  int n = pfd_fail_proc(L, pfd_about(L, "fds", 1), rc);
  if (rc == -EACCES)
    pfd_explain(L, 1, PFD_READ);
  return n;
}
