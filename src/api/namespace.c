#define _GNU_SOURCE /* CLONE_NEW... */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "../compat.h"

#include "../linux/process.h"
#include "../linux/sys.h"
#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/expect.h"
#include "../lua/explain.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"

#define PATHSIZE 32

#if !defined(CLONE_NEWTIME) /* Linux 5.6 */
#define CLONE_NEWTIME 0x00000080
#endif


typedef struct Namespace {
  const char *name;     /* in /proc/PID/ns too */
  unsigned int request; /* number of the ioctl */
  int flag;             /* for setns(2); 0 where one cannot move there */
} Namespace;

static const Namespace namespaces[] = {
  {"cgroup", 1, CLONE_NEWCGROUP},
  {"ipc", 2, CLONE_NEWIPC},
  {"mnt", 3, CLONE_NEWNS},
  {"net", 4, CLONE_NEWNET},
  {"pid", 5, CLONE_NEWPID},
  {"pid_for_children", 6, 0},
  {"time", 7, CLONE_NEWTIME},
  {"time_for_children", 8, 0},
  {"user", 9, CLONE_NEWUSER},
  {"uts", 10, CLONE_NEWUTS},
  {NULL, 0, 0},
};


static const Namespace *checkkind (lua_State *L, int arg) {
  const char *kind = pfd_arg_string(L, arg);
  const Namespace *ns = namespaces;
  while (ns->name != NULL && strcmp(ns->name, kind) != 0)
    ns++;
  if (ns->name == NULL)
    pfd_expect_arg(L, arg,
                   pfd_expect_names(L, namespaces, sizeof(*namespaces)));
  return ns;
}


/*
** Before Linux 6.11: the same file by its name, which a zombie still has; or
** not, and then it is that of a living thread, if there is one.
*/
static int opennamed (int pidfd, const Namespace *ns) {
  char name[PATHSIZE];
  (void)snprintf(name, sizeof(name), "ns/%s", ns->name);
  int rc = pfd_process_open(pidfd, name, O_RDONLY);
  if ((rc == -ENOENT || rc == -ESRCH) && pfd_process_events(pidfd) == 0)
    rc = pfd_process_openthread(pidfd, name, O_RDONLY);
  int events = pfd_process_events(pidfd);
  if (events == 0)
    return rc;
  if (rc >= 0)
    (void)pfd_sys_close(rc);
  return (events < 0) ? events : -ESRCH;
}


static int askpidfd (int pidfd, const void *arg) {
  return pfd_sys_namespace(pidfd, ((const Namespace *)arg)->request, 0);
}


static int opennamespace (int pidfd, void *about) {
  const Namespace *ns = *(const Namespace *const *)about;
  int rc = pfd_process_byliving(pidfd, askpidfd, ns);
  return (rc == -ENOTTY) ? opennamed(pidfd, ns) : rc;
}


static int enter (int pidfd, const void *arg) {
  return pfd_sys_setns(pidfd, *(const int *)arg);
}


/*
** p:namespace (kind)
** ioctl(2), PIDFD_GET_..._NAMESPACE: open a namespace of the process:
** "cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time",
** "time_for_children", "user" or "uts". Before Linux 6.11 by its name in
** /proc.
**
** Returns a pidfd.fd, for setns(2) and the like, or fails with
**   ESRCH       the process has ended
**   EACCES      no ptrace access to that process
**   EOPNOTSUPP  the kernel was built without such namespaces
**   ENOENT      the same before Linux 6.11; or /proc is not mounted
**   EMFILE, ENFILE  no descriptor left
*/
int pfd_l_namespace (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  const Namespace *ns = checkkind(L, 2);
  Handle *h = pfd_handle_new(L, PFD_FD);
  int rc = pfd_handle_try(L, 1, opennamespace, &ns);
  h->fd = rc;
  if (rc >= 0)
    return 1;
  (void)pfd_handle_close(h);
  const char *file = lua_pushfstring(L, "ns/%s", ns->name);
  int n = pfd_fail_proc(L, pfd_about_file(L, "namespace", 1, file), rc);
  if (rc == -EACCES)
    pfd_explain(L, 1, PFD_READ);
  return n;
}


/*
** p:setns (kind, ...)
** setns(2): move the calling thread into those namespaces of the process,
** into all of them or into none: the kinds of p:namespace, less those "for
** children". With "pid", only the children that are started from now on are in
** the namespace, and not this process.
**
** Returns true, or fails with
**   EPERM   no right to enter, or no ptrace access to that process
**   ESRCH   the process has ended
**   EINVAL  it is our own user namespace; "user" and "mnt" want a process
**           that has one thread; or before Linux 5.8
**   EUSERS  "time" wants a process that has one thread
**   EOPNOTSUPP  before Linux 6.9: its first thread has ended, and others run
**
** An EPERM is not explained: ptrace access is one of several rights that
** this takes.
*/
int pfd_l_setns (lua_State *L) {
  Handle *p = pfd_handle_openas(L, 1, PFD_PIDFD);
  int kinds = 0;
  int n = lua_gettop(L);
  for (int arg = 2; arg <= n || arg == 2; arg++) {
    int flag = checkkind(L, arg)->flag;
    if (flag == 0)
      pfd_expect_arg(L, arg, "kind that is not for children");
    kinds |= flag;
  }
  int rc = pfd_process_byliving(p->fd, enter, &kinds);
  if (rc == 0)
    return pfd_ok(L);
  const char *call = pfd_about(L, "setns", 1);
  if (rc == -EINVAL)
    return pfd_fail_before(L, call, "5.8", rc);
  if (rc == -EOPNOTSUPP)
    return pfd_fail_before(L, call, "6.9", rc);
  return pfd_fail_proc(L, call, rc);
}
