#include <errno.h>

#include "../compat.h"

#include "../linux/process.h"
#include "../linux/sys.h"
#include "../lua/about.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


/*
** pidfd.type (v)
** Tell what kind of object any value is, as io.type does for files.
**
** Returns "pidfd", "pidfd.fd", "closed pidfd", "closed pidfd.fd", or nil.
*/
int pfd_l_type (lua_State *L) {
  luaL_checkany(L, 1);
  Type type = pfd_handle_type(L, 1);
  if (type == PFD_NONE)
    luaL_pushfail(L);
  else {
    int closed = ((Handle *)lua_touserdata(L, 1))->fd < 0;
    lua_pushfstring(L, "%s%s", closed ? "closed " : "", pfd_handle_name(type));
  }
  return 1;
}


/*
** o:close ()
** close(2): give the descriptor back. A closed object stays closed.
**
** Returns true, or fails with
**   EIO, ENOSPC, EDQUOT  what was written before could not be stored
**   EINTR                a signal came while it was being stored
** and is closed all the same.
*/
int pfd_l_close (lua_State *L) {
  Handle *h = pfd_handle_check(L, 1);
  int fd = h->fd;
  int rc = pfd_handle_close(h);
  if (rc == 0)
    return pfd_ok(L);
  const char *call = (pfd_handle_type(L, 1) == PFD_FD)
                       ? pfd_about_number(L, "close", fd)
                       : pfd_about(L, "close", 1);
  return pfd_fail(L, call, rc);
}


/*
** __gc and __close
** close(2): give the descriptor back.
**
** Returns nothing: nobody would see a failure.
*/
int pfd_l_gc (lua_State *L) {
  (void)pfd_handle_close(pfd_handle_check(L, 1));
  return 0;
}


/*
** o:release ()
** Disown the descriptor: the object is closed, the descriptor is not. What
** 'fd:lines' has read ahead is lost.
**
** Returns its number, which the caller has to close from now on.
*/
int pfd_l_release (lua_State *L) {
  Handle *h = pfd_handle_open(L, 1);
  lua_pushinteger(L, pfd_handle_release(h));
  return 1;
}


/*
** o:fileno ()
** Borrow the descriptor.
**
** Returns its number, which the object still owns and will close.
*/
int pfd_l_fileno (lua_State *L) {
  lua_pushinteger(L, pfd_handle_open(L, 1)->fd);
  return 1;
}


static int duplicate (int fd, void *unused) {
  (void)unused;
  return pfd_sys_dup(fd);
}


/*
** The cgroup of the pidfd at 1, for a duplicate. A collection may close that
** pidfd, and the cgroup with it.
*/
static int dupcgroup (lua_State *L, Handle *h) {
  int rc, tries = 0;
  do {
    int dir = pfd_handle_check(L, 1)->cgroup;
    if (dir < 0)
      return 0;
    rc = pfd_sys_dup(dir);
  } while (pfd_handle_retry(L, rc, &tries));
  if (rc >= 0)
    pfd_handle_setcgroup(h, rc);
  return rc;
}


/*
** o:dup ()
** fcntl(2), F_DUPFD_CLOEXEC: duplicate the descriptor.
**
** Returns an object of the same type, or fails with
**   EMFILE  this process has no descriptor left
**   EBADF   somebody has closed the descriptor by its number
*/
int pfd_l_dup (lua_State *L) {
  (void)pfd_handle_open(L, 1);
  Type type = pfd_handle_type(L, 1);
  Handle *h = pfd_handle_new(L, type);
  const Handle *from = pfd_handle_openas(L, 1, type);
  if (type == PFD_PIDFD)
    h->end = from->end;
  h->fd = pfd_handle_try(L, 1, duplicate, NULL);
  int rc = h->fd;
  if (rc >= 0)
    rc = dupcgroup(L, h);
  if (rc >= 0)
    return 1;
  (void)pfd_handle_close(h);
  return pfd_fail(L, pfd_about(L, "dup", 1), rc);
}


static void pushpidfd (lua_State *L, int fd) {
  pid_t pid = pfd_process_pid(fd);
  if (pid > 0)
    lua_pushfstring(L, "pidfd (pid %d, fd %d)", (int)pid, fd);
  else if (pid == -ESRCH)
    lua_pushfstring(L, "pidfd (reaped, fd %d)", fd);
  else
    lua_pushfstring(L, "pidfd (fd %d)", fd);
}


/*
** tostring(o)
** Name the object for a person. Never fails, and never raises.
**
** Returns "pidfd (pid 4242, fd 5)", "pidfd (reaped, fd 5)", or, where the
** number cannot be told, "pidfd (fd 5)"; "pidfd.fd (7)"; "... (closed)".
*/
int pfd_l_tostring (lua_State *L) {
  Handle *h = pfd_handle_check(L, 1);
  Type type = pfd_handle_type(L, 1);
  if (h->fd < 0)
    lua_pushfstring(L, "%s (closed)", pfd_handle_name(type));
  else if (type == PFD_PIDFD)
    pushpidfd(L, h->fd);
  else
    lua_pushfstring(L, "%s (%d)", pfd_handle_name(type), h->fd);
  return 1;
}
