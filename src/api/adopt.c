#include "../compat.h"

#include "../linux/process.h"
#include "../linux/sys.h"
#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


static int check (int none, void *fd) {
  (void)none;
  return pfd_process_check(*(const int *)fd);
}


/*
** pidfd.adopt (fd)
** Take over descriptor number 'fd' of this process, which must be a
** pidfd, and set its close-on-exec flag.
**
** Returns a pidfd that owns it, or fails with
**   EBADF   no such descriptor, or it is no pidfd
**   ENOENT  it is no pidfd of Linux 6.9 or newer, and /proc, which knows
**           older ones, is not mounted
** and then the caller owns it still.
**
** Nothing is asked of a descriptor that could disturb what it really is:
** fstatfs(2) tells, before Linux 6.9 /proc/thread-self/fdinfo.
*/
int pfd_l_adopt (lua_State *L) {
  int fd = pfd_arg_fd(L, 1);
  Handle *h = pfd_handle_new(L, PFD_PIDFD);
  int rc = pfd_handle_try(L, 0, check, &fd);
  if (rc == 0)
    rc = pfd_sys_cloexec(fd);
  if (rc == 0) {
    h->fd = fd;
    return 1;
  }
  (void)pfd_handle_close(h);
  return pfd_fail_proc(L, pfd_about_number(L, "adopt", fd), rc);
}
