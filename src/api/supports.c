#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../compat.h"

#include "../linux/kernel.h"
#include "../linux/sys.h"
#include "../lua/arg.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"

/* no process has this id, no descriptor this number */
#define NOBODY INT_MAX
#define NOWHERE INT_MAX


/*
** {=====================================================================
** Probes. Each asks for something that cannot be had, and learns from the
** way in which it is refused; a pidfd of this process is at hand. To be
** refused by a seccomp filter is no support either.
** ======================================================================
*/

static int leave (void *arg) {
  (void)arg;
  pfd_sys_exit();
  return 0;
}


/* the kernel looks at the flags before it looks for the cgroup */
static int autoreap (int self) {
  CloneArgs args = {
    .flags = CLONE_AUTOREAP | CLONE_INTO_CGROUP,
    .cgroup = NOWHERE,
  };
  (void)self;
  return pfd_sys_clone3(&args, leave, NULL) == -EBADF;
}


/* the kernel looks at the flags before it looks for the process */
static int nonblock (int self) {
  (void)self;
  return pfd_sys_open(NOBODY, PIDFD_NONBLOCK) == -ESRCH;
}


static int thread (int self) {
  (void)self;
  return pfd_sys_open(NOBODY, PIDFD_THREAD) == -ESRCH;
}


static int getfd (int self) {
  (void)self;
  return pfd_sys_getfd(NOWHERE, NOWHERE, 0) == -EBADF;
}


static int waitid_ (int self) {
  (void)self;
  return pfd_sys_waitid(NOWHERE, NULL, WEXITED, NULL) == -EBADF;
}


static int signal_scopes (int self) {
  (void)self;
  return pfd_sys_send_signal(NOWHERE, 0, NULL, PIDFD_SIGNAL_THREAD) == -EBADF;
}


static int id (int self) {
  return pfd_sys_onpidfs(self) == 1;
}


/* its argument has to be 0 */
static int namespaces (int self) {
  return pfd_sys_namespace(self, 1, 1) == -EINVAL;
}


static int info (int self) {
  Info about = {.mask = PIDFD_INFO_PID};
  return pfd_sys_info(self, &about) == 0;
}


/*
** It came with the same Linux as this number for oneself. Two calls know it:
** a filter may refuse one.
*/
static int info_exit (int self) {
  return info(self) &&
         (pfd_sys_send_signal(PIDFD_SELF_THREAD, 0, NULL, 0) == 0 ||
          pfd_sys_mrelease(PIDFD_SELF_THREAD) == -EINVAL);
}


static int peer (int self) {
  (void)self;
  int socket = pfd_sys_unixsocket();
  int rc = (socket < 0) ? socket : pfd_sys_peer(socket);
  if (socket >= 0)
    (void)pfd_sys_close(socket);
  return (rc == -EMFILE || rc == -ENFILE) ? rc : rc == -ENODATA;
}


static int mrelease (int self) {
  (void)self;
  return pfd_sys_mrelease(NOWHERE) == -EBADF;
}


static int madvise_ (int self) {
  (void)self;
  return pfd_sys_madvise(NOWHERE, NULL, 0, MADV_COLD) == -EBADF;
}


static int proc (int self) {
  (void)self;
  return pfd_sys_openwithin(NOWHERE, "comm", O_RDONLY) == -EBADF;
}

/* }=================================================================== */


typedef struct Feature {
  const char *name;
  int (*probe)(int self);
} Feature;

/* clang-format off */
static const Feature features[] = {
  {"autoreap", autoreap},           /* Linux 7.1 */
  {"getfd", getfd},                 /* Linux 5.6 */
  {"id", id},                       /* Linux 6.9 */
  {"info", info},                   /* Linux 6.13 */
  {"info_exit", info_exit},         /* Linux 6.15 */
  {"madvise", madvise_},            /* Linux 5.10 */
  {"mrelease", mrelease},           /* Linux 5.15 */
  {"namespaces", namespaces},       /* Linux 6.11 */
  {"nonblock", nonblock},           /* Linux 5.10 */
  {"peer", peer},                   /* Linux 6.5 */
  {"proc", proc},                   /* Linux 5.6 */
  {"signal_scopes", signal_scopes}, /* Linux 6.9 */
  {"thread", thread},               /* Linux 6.9 */
  {"waitid", waitid_},              /* Linux 5.4 */
  {NULL, NULL},
};
/* clang-format on */


static const Feature *checkfeature (lua_State *L, int arg) {
  const char *name = pfd_arg_string(L, arg);
  const Feature *f = features;
  while (f->name != NULL && strcmp(f->name, name) != 0)
    f++;
  if (f->name == NULL)
    luaL_argerror(L, arg, lua_pushfstring(L, "unknown feature '%s'", name));
  return f;
}


static int probe (const Feature *feature) {
  int self = pfd_sys_open(pfd_sys_getpid(), 0);
  if (self == -ENOSYS || self == -EPERM)
    return 0;
  if (self < 0)
    return self;
  int rc = feature->probe(self);
  (void)pfd_sys_close(self);
  return rc;
}


/*
** pidfd.supports (name)
** Does the running kernel have it? "autoreap" (Linux 7.1; also for autokill),
** "getfd" (5.6), "id" (6.9; also for == and tokens), "info" (6.13),
** "info_exit" (6.15; the end of processes that are no children), "madvise"
** (5.10), "mrelease" (5.15), "namespaces" (6.11; before, /proc is read),
** "nonblock" (5.10), "peer" (6.5), "proc" (5.6), "signal_scopes" (6.9),
** "thread" (6.9), "waitid" (5.4).
**
** Returns a boolean, or fails with
**   EMFILE, ENFILE  no descriptor left to find out
**   ENOMEM          no memory left to find out
**
** What a seccomp filter refuses to this process is not supported either.
*/
int pfd_l_supports (lua_State *L) {
  const Feature *feature = checkfeature(L, 1);
  int rc, tries = 0;
  do
    rc = probe(feature);
  while (pfd_handle_retry(L, rc, &tries));
  if (rc < 0)
    return pfd_fail(L, "supports", rc);
  lua_pushboolean(L, rc);
  return 1;
}
