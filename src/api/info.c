#include <errno.h>

#include "../compat.h"

#include "../linux/end.h"
#include "../linux/sys.h"
#include "../lua/about.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"

#define EVERYTHING ((__u64)-1)


/* assumes the table is on top; the functions below assume this, too */
static void setids (lua_State *L, const Info *info) {
  pfd_setinteger(L, "pid", info->pid);
  pfd_setinteger(L, "tgid", info->tgid);
  pfd_setinteger(L, "ppid", info->ppid);
}


static void setcredentials (lua_State *L, const Info *info) {
  pfd_setinteger(L, "ruid", info->ruid);
  pfd_setinteger(L, "rgid", info->rgid);
  pfd_setinteger(L, "euid", info->euid);
  pfd_setinteger(L, "egid", info->egid);
  pfd_setinteger(L, "suid", info->suid);
  pfd_setinteger(L, "sgid", info->sgid);
  pfd_setinteger(L, "fsuid", info->fsuid);
  pfd_setinteger(L, "fsgid", info->fsgid);
}


static void setexit (lua_State *L, const Info *info) {
  End end = pfd_end_fromstatus(info->exit_code);
  lua_newtable(L);
  lua_pushstring(L, pfd_end_word(end.how));
  lua_setfield(L, -2, "how");
  pfd_setinteger(L, "code", end.code);
  pfd_setboolean(L, "core", end.core);
  lua_setfield(L, -2, "exit");
}


static int fail (lua_State *L, int rc) {
  const char *call = pfd_about(L, "info", 1);
  return (rc == -ENOTTY || rc == -EINVAL) ? pfd_fail_before(L, call, "6.13", rc)
                                          : pfd_fail(L, call, rc);
}


/*
** p:info ()
** ioctl(2), PIDFD_GET_INFO: what the kernel tells of the process.
**
** Returns a table of what it filled in: pid, tgid, ppid; ruid, rgid, euid,
** egid, suid, sgid, fsuid, fsgid; cgroupid, the inode number of its
** cgroup's directory; coredump_mask (Linux 6.16), what a crash would leave
** or has left; coredump_signal (6.19) and coredump_code (7.1), the si_code
** of that signal, if it crashed. What it has left, the signal and the code
** are told where core(5) hands the dump over with a pidfd: to a socket, or to
** a program with "%F". Once the process has been reaped (Linux 6.15) it has
** only exit = {how, code, core}, cgroupid and those of the crash. Or it fails
** with
**   ESRCH    it has been reaped, before Linux 6.15
**   EREMOTE  it cannot be seen from this pid namespace (ESRCH before 7.0)
**   ENOTTY, EINVAL  before Linux 6.13
*/
int pfd_l_info (lua_State *L) {
  Handle *p = pfd_handle_openas(L, 1, PFD_PIDFD);
  Info info = {.mask = EVERYTHING};
  int rc = pfd_sys_info(p->fd, &info);
  if (rc < 0)
    return fail(L, rc);
  lua_newtable(L);
  if (info.mask & PIDFD_INFO_PID)
    setids(L, &info);
  if (info.mask & PIDFD_INFO_CREDS)
    setcredentials(L, &info);
  if (info.mask & PIDFD_INFO_CGROUPID)
    pfd_setinteger(L, "cgroupid", (lua_Integer)info.cgroupid);
  if (info.mask & PIDFD_INFO_EXIT)
    setexit(L, &info);
  if (info.mask & PIDFD_INFO_COREDUMP)
    pfd_setinteger(L, "coredump_mask", info.coredump_mask);
  if (info.mask & PIDFD_INFO_COREDUMP_SIGNAL)
    pfd_setinteger(L, "coredump_signal", info.coredump_signal);
  if (info.mask & PIDFD_INFO_COREDUMP_CODE)
    pfd_setinteger(L, "coredump_code", info.coredump_code);
  return 1;
}
