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
  while (part != NULL) {
    part += (*part == '/' && part != name);
    size_t length = strcspn(part, "/");
    if (length == 0 || (length == 2 && strncmp(part, "..", 2) == 0))
      return 1;
    part = strchr(part, '/');
  }
  return 0;
}


static const char *checkname (lua_State *L, int arg) {
  const char *name = pfd_arg_string(L, arg);
  luaL_argcheck(L, !isoutside(name), arg,
                "not the name of a file below /proc/PID");
  return name;
}


/* the file is opened below a directory that is surely the process's own */
static int openbelow (int pidfd, const char *name) {
  int dir = pfd_process_open(pidfd, "", O_RDONLY | O_DIRECTORY);
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


/* 'file' is an empty handle, and empty again afterwards */
static int readfile (lua_State *L, int pidfd, const char *name, Handle *file) {
  int rc = openbelow(pidfd, name);
  if (rc < 0)
    return rc;
  file->fd = rc;
  rc = isendless(name) ? -EFBIG : pushcontent(L, file->fd);
  (void)pfd_handle_close(file);
  return rc;
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
** or with what reading that very file fails with, such as EIO ("mem"),
** EINVAL ("clear_refs") or EPERM ("timerslack_ns").
**
** What tells of its memory, such as "maps" and "environ", is empty when it
** is about to end, and for a zombie.
*/
int pfd_l_proc (lua_State *L) {
  Handle *p = pfd_handle_openas(L, 1, PFD_PIDFD);
  const char *name = checkname(L, 2);
  lua_settop(L, 2);
  Handle *file = pfd_handle_new(L, PFD_FD);
  int before = pfd_process_events(p->fd);
  int rc, tries = 0;
  do {
    lua_settop(L, 3); /* pidfd, name, file */
    rc = readfile(L, p->fd, name, file);
  } while (rc == 1 || pfd_handle_retry(L, rc, &tries));
  int after = pfd_process_events(p->fd);
  if (after != before || after < 0) /* then some of it may be missing */
    rc = (after < 0) ? after : -ESRCH;
  if (rc == 0)
    return 1;
  int n = pfd_fail(L, "proc", rc);
  if (rc == -EACCES)
    pfd_explain(L, p->fd, PFD_READ);
  return n;
}
