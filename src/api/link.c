#define _GNU_SOURCE /* O_PATH */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "../compat.h"

#include "../linux/sys.h"
#include "../lua/below.h"
#include "../lua/handle.h"
#include "calls.h"


/* the descriptor is that of the link itself */
static int readlink_ (lua_State *L, Below *b) {
  char target[PATH_MAX];
  mode_t type;
  dev_t device;
  int rc = pfd_sys_kind(b->file->fd, &type, &device);
  if (rc < 0)
    return rc;
  if (type != S_IFLNK)
    return -EINVAL;
  rc = pfd_sys_readlinkat(b->file->fd, "", target, sizeof(target));
  if (rc < 0)
    return pfd_below_missing(pfd_handle_openas(L, 1, PFD_PIDFD)->fd, rc);
  lua_pushlstring(L, target, (size_t)rc);
  return 0;
}


/*
** p:link (name)
** readlink(2): where a link below the process's /proc directory leads: "exe",
** "cwd", "root", "ns/net", "fd/3", "task/4242/cwd".
**
** Returns a string, as readlink(2) gives it ("/usr/bin/x (deleted)",
** "net:[4026531840]"), or fails with
**   ESRCH   the process has ended
**   EACCES  no ptrace access to that process
**   ENOENT  no such link; it has none, as threads of the kernel have no "exe";
**           or /proc is not mounted, or hides the process
**   EINVAL  no link
**   ENOTDIR below a file
**   ELOOP   below another link, which would lead out of the directory
**   ENAMETOOLONG  too long a name, or where it leads has over 4095 bytes
**   EREMOTE it lives in a pid namespace that this /proc does not show
**   EMFILE, ENFILE  no descriptor left
**   ENOSYS  before Linux 5.6
**   EAGAIN  its first thread has ended, and the others come and go
*/
int pfd_l_link (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  Below link = {.call = "link", .use = readlink_};
  link.flags = O_PATH | O_NOFOLLOW;
  link.name = pfd_below_name(L, 2);
  return pfd_below_ask(L, &link);
}
