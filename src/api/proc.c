#include <errno.h>
#include <string.h>

#include "../compat.h"

#include "../linux/process.h"
#include "../linux/sys.h"
#include "../lua/arg.h"
#include "../lua/explain.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"

#define BUFFERSIZE 4096


static int isoutside (const char *name) {
  const char *part = name;
  do {
    part += (*part == '/' && part != name);
    size_t length = strcspn(part, "/");
    if (length == 0 || (length == 2 && strncmp(part, "..", 2) == 0))
      return 1;
    part = strchr(part, '/');
  } while (part != NULL);
  return 0;
}


static const char *checkname (lua_State *L, int arg) {
  const char *name = pfd_arg_string(L, arg);
  luaL_argcheck(L, !isoutside(name), arg,
                "not the name of a file below /proc/PID");
  return name;
}


/*
** The file is opened below a directory that is surely the process's own; or
** that of a thread that lives, when its first one has ended.
*/
static int openbelow (int pidfd, const char *name, int bythread) {
  int flags = O_RDONLY | O_DIRECTORY;
  int dir = bythread ? pfd_process_openthread(pidfd, "", flags)
                     : pfd_process_open(pidfd, "", flags);
  if (dir < 0)
    return dir;
  int file = pfd_sys_openwithin(dir, name, O_RDONLY);
  (void)pfd_sys_close(dir);
  return file;
}


/*
** A file that tells of memory is empty from the moment on when the memory
** goes: at the process's end, or at its next exec. What was read before may
** then be a part only.
*/
static int iscut (lua_State *L, int file) {
  char byte;
  return lua_rawlen(L, -1) > 0 && pfd_sys_pread(file, &byte, 1, 0) == 0;
}


/* 256 GiB and more: eight bytes for every page that there might be */
static int isendless (const char *name) {
  const char *last = strrchr(name, '/');
  return strcmp(last != NULL ? last + 1 : name, "pagemap") == 0;
}


/* replace the buffer on top by one of twice the size */
static char *enlarge (lua_State *L, size_t *size) {
  char *larger = (char *)lua_newuserdatauv(L, 2 * *size, 0);
  memcpy(larger, lua_touserdata(L, -2), *size);
  lua_replace(L, -2);
  *size *= 2;
  return larger;
}


/*
** Push a buffer, and all that the file has. Returns 0, or 1 if it came to
** be cut. Not luaL_Buffer, for whose memory nothing is collected when it
** runs out.
*/
static int pushcontent (lua_State *L, int file) {
  size_t size = BUFFERSIZE;
  size_t n = 0;
  char *buffer = (char *)lua_newuserdatauv(L, size, 0);
  int rc;
  while ((rc = pfd_sys_read(file, buffer + n, size - n)) > 0 || rc == -EINTR) {
    n += (rc > 0) ? (size_t)rc : 0;
    if (n == size)
      buffer = enlarge(L, &size);
  }
  lua_pushlstring(L, buffer, n);
  return (rc == 0) ? iscut(L, file) : rc;
}


/* a finalizer may have closed the pidfd meanwhile */
static int getevents (lua_State *L) {
  return pfd_process_events(pfd_handle_openas(L, 1, PFD_PIDFD)->fd);
}


/* a file, by way of a thread that lives or not; 'handle' is empty */
typedef struct File {
  const char *name;
  int bythread;
  Handle *handle;
} File;


/* the handle is empty again afterwards */
static int readfile (lua_State *L, int pidfd, const File *file) {
  int rc = openbelow(pidfd, file->name, file->bythread);
  if (rc < 0)
    return rc;
  file->handle->fd = rc;
  rc = isendless(file->name) ? -EFBIG : pushcontent(L, file->handle->fd);
  (void)pfd_handle_close(file->handle);
  return rc;
}


/*
** Did that come of the end of the first thread, which has given back its
** memory and more, while others run? 'rc' is how reading went, and the
** content is on top if it is 0.
*/
static int isleadergone (lua_State *L, int pidfd, int rc) {
  int missing = (rc == 0) ? lua_rawlen(L, -1) == 0
                          : rc == -ESRCH || rc == -EACCES || rc == -ENOENT;
  if (!missing || pfd_process_events(pidfd) != 0)
    return 0;
  int dir = pfd_process_open(pidfd, "", O_RDONLY | O_DIRECTORY);
  if (dir < 0)
    return 0;
  int lives = pfd_process_lives(dir, "stat");
  (void)pfd_sys_close(dir);
  return lives == 0;
}


/*
** 'rc' is how reading went in the first thread, and says more of a file that
** threads do not have. -EAGAIN: the thread has ended as well.
*/
static int readbythread (lua_State *L, int pidfd, const File *file, int rc) {
  File again = *file;
  again.bythread = 1;
  int found = readfile(L, pidfd, &again);
  if (found == -ENOENT && rc == 0)
    return rc;
  if (found == -ESRCH && pfd_process_events(pidfd) == 0)
    return -EAGAIN;
  return found;
}


/* the content is on top if 'rc' is 0; 'before' are the events before it */
static int finish (lua_State *L, int before, int rc) {
  int after = getevents(L);
  if (after != before || after < 0) /* then some of it may be missing */
    rc = (after < 0) ? after : -ESRCH;
  if (rc == 0)
    return 1;
  int n = (rc == -ENOSYS) ? pfd_fail_before(L, "proc", "5.6", rc)
                          : pfd_fail(L, "proc", rc);
  if (rc == -EACCES)
    pfd_explain(L, 1, PFD_READ);
  return n;
}


/*
** p:proc (name)
** proc(5): read one file of the process's /proc directory, such as "stat"
** or "task/4242/comm", whole.
**
** Returns a string, or fails with
**   ESRCH   the process has ended meanwhile, or been reaped
**   EACCES  no ptrace access to that process, or no permission to read
**   ENOENT  no such file; or /proc is not mounted, or hides the process
**   ENOTDIR a file below a file
**   ENAMETOOLONG  too long a name
**   ELOOP   a link, which would lead out of the directory
**   EISDIR  a directory
**   EFBIG   "pagemap", which has 256 GiB and more
**   EREMOTE it lives in a pid namespace that this /proc does not show
**   EMFILE, ENFILE  no descriptor left
**   ENOSYS  before Linux 5.6
**   EAGAIN  its first thread has ended, and the others come and go
**   EIO, EINVAL, EPERM  reading that very file fails so: "mem", "clear_refs",
**           "timerslack_ns"
** or with what else reading that very file fails with.
**
** What tells of its memory, such as "maps" and "environ", is empty when it
** is about to end, and for a zombie.
*/
int pfd_l_proc (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  const char *name = checkname(L, 2);
  lua_settop(L, 2);
  File file = {.name = name, .handle = pfd_handle_new(L, PFD_FD)};
  int before = getevents(L);
  int rc, tries = 0;
  do {
    lua_settop(L, 3); /* pidfd, name, file */
    const Handle *p = pfd_handle_openas(L, 1, PFD_PIDFD);
    rc = readfile(L, p->fd, &file);
    if (strncmp(file.name, "task/", 5) != 0 && isleadergone(L, p->fd, rc))
      rc = readbythread(L, p->fd, &file, rc);
  } while (rc == 1 || pfd_handle_retry(L, rc, &tries));
  return finish(L, before, rc);
}
