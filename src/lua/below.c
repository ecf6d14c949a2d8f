#define _GNU_SOURCE /* O_PATH */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "below.h"

#include <errno.h>
#include <string.h>

#include "../compat.h"

#include "../linux/process.h"
#include "../linux/sys.h"
#include "about.h"
#include "arg.h"
#include "expect.h"
#include "explain.h"
#include "result.h"


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


const char *pfd_below_name (lua_State *L, int arg) {
  const char *name = pfd_arg_string(L, arg);
  if (isoutside(name))
    pfd_expect_arg(L, arg, "name of a file below /proc/PID");
  return name;
}


int pfd_below_missing (int pidfd, int rc) {
  int missing = rc == -ENOENT || rc == -EACCES;
  return (missing && pfd_process_events(pidfd) > 0) ? -ESRCH : rc;
}


/* the process's own directory; or that of a thread that lives */
static int openbelow (int pidfd, const Below *b, int bythread) {
  int flags = O_RDONLY | O_DIRECTORY;
  int dir = bythread ? pfd_process_openthread(pidfd, "", flags)
                     : pfd_process_open(pidfd, "", flags);
  if (dir < 0)
    return dir;
  int file = pfd_sys_openwithin(dir, b->name, b->flags);
  (void)pfd_sys_close(dir);
  int islink = (b->flags & O_PATH) != 0;
  return islink ? pfd_below_missing(pidfd, file) : file;
}


/* a finalizer may have closed the pidfd meanwhile */
static int getevents (lua_State *L) {
  return pfd_process_events(pfd_handle_openas(L, 1, PFD_PIDFD)->fd);
}


/* the handle is empty before and afterwards */
static int usefile (lua_State *L, int pidfd, Below *b, int bythread) {
  b->empty = 0;
  int rc = openbelow(pidfd, b, bythread);
  if (rc < 0)
    return rc;
  b->file->fd = rc;
  rc = b->use(L, b);
  (void)pfd_handle_close(b->file);
  return rc;
}


/*
** Is the reason that the first thread has ended, and has no memory and no
** descriptors any more, while others run? 'rc' is the result.
*/
static int isleadergone (int pidfd, const Below *b, int rc) {
  int missing =
    (rc == 0) ? b->empty : rc == -ESRCH || rc == -EACCES || rc == -ENOENT;
  if (!missing || strncmp(b->name, "task/", 5) == 0 ||
      pfd_process_events(pidfd) != 0)
    return 0;
  int dir = pfd_process_open(pidfd, "", O_RDONLY | O_DIRECTORY);
  if (dir < 0)
    return 0;
  int lives = pfd_process_lives(dir, "stat");
  (void)pfd_sys_close(dir);
  return lives == 0;
}


/*
** 'rc' is the result for the first thread; it stands if threads do not have the
** file. -EAGAIN: this thread has ended as well.
*/
static int bythread (lua_State *L, int pidfd, Below *b, int rc) {
  int found = usefile(L, pidfd, b, 1);
  if (found == -ENOENT && rc == 0)
    return rc;
  if (found == -ESRCH && getevents(L) == 0)
    return -EAGAIN;
  return found;
}


/* the result is on top if it returns 0 */
static int usebelow (lua_State *L, Below *b) {
  int top = lua_gettop(L);
  b->file = pfd_handle_new(L, PFD_FD);
  int rc, tries = 0;
  do {
    lua_settop(L, top + 1);
    int pidfd = pfd_handle_openas(L, 1, PFD_PIDFD)->fd;
    rc = usefile(L, pidfd, b, 0);
    pidfd = pfd_handle_openas(L, 1, PFD_PIDFD)->fd;
    if (isleadergone(pidfd, b, rc))
      rc = bythread(L, pidfd, b, rc);
  } while (rc == 1 || pfd_handle_retry(L, rc, &tries));
  return rc;
}


static int fail (lua_State *L, const Below *b, int rc) {
  const char *call = pfd_about_file(L, b->call, 1, b->name);
  int n = (rc == -ENOSYS) ? pfd_fail_before(L, call, "5.6", rc)
                          : pfd_fail_proc(L, call, rc);
  if (rc == -EACCES)
    pfd_explain(L, 1, PFD_READ);
  return n;
}


int pfd_below_ask (lua_State *L, Below *b) {
  int before = getevents(L);
  int rc = usebelow(L, b);
  int after = getevents(L);
  if (after != before || after < 0) /* then some of it may be missing */
    rc = (after < 0) ? after : -ESRCH;
  return (rc == 0) ? 1 : fail(L, b, rc);
}


int pfd_below_tell (lua_State *L, Below *b) {
  int before = getevents(L);
  int rc = usebelow(L, b);
  if (rc == 0)
    return 1;
  int after = getevents(L);
  if (after != before || after < 0)
    rc = (after < 0) ? after : -ESRCH;
  return fail(L, b, rc);
}
