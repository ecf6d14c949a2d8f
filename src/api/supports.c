#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../compat.h"

#include "../linux/kernel.h"
#include "../linux/probe.h"
#include "../linux/process.h"
#include "../linux/sys.h"
#include "../lua/arg.h"
#include "../lua/expect.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"

/* no process has this id, no descriptor this number */
#define NOBODY INT_MAX
#define NOWHERE INT_MAX

/* of the ioctls for namespaces, the number of the one for pids */
#define PIDNS 5


/*
** {=====================================================================
** Questions. Each asks for something that cannot be had, and learns from the
** way in which it is refused. To be refused by a seccomp filter is no support
** either. They run in a child, see probe.h: no call here may be a point where
** a thread can be cancelled.
** ======================================================================
*/

/* is 'rc' what a kernel says that has the feature? */
static int answer (int rc, int expected) {
  if (rc == expected)
    return 1;
  return pfd_probe_isscarce(rc) ? rc : 0;
}


/* the kernel looks at the flags before it looks for the cgroup */
static int autoreap (int self) {
  (void)self;
  int rc = pfd_sys_copy3(CLONE_AUTOREAP | CLONE_INTO_CGROUP, NOWHERE);
  return (rc == 0) ? 0 : answer(rc, -EBADF);
}


/* the kernel looks at the flags before it looks for the process */
static int nonblock (int self) {
  (void)self;
  return answer(pfd_sys_open(NOBODY, PIDFD_NONBLOCK), -ESRCH);
}


static int thread (int self) {
  (void)self;
  return answer(pfd_sys_open(NOBODY, PIDFD_THREAD), -ESRCH);
}


static int getfd (int self) {
  (void)self;
  return answer(pfd_sys_getfd(NOWHERE, NOWHERE, 0), -EBADF);
}


static int waitid_ (int self) {
  (void)self;
  return answer(pfd_sys_waitid(NOWHERE, NULL, WEXITED, NULL), -EBADF);
}


static int signal_scopes (int self) {
  (void)self;
  int rc = pfd_sys_send_signal(NOWHERE, 0, NULL, PIDFD_SIGNAL_THREAD);
  return answer(rc, -EBADF);
}


static int id (int self) {
  return answer(pfd_sys_onpidfs(self), 1);
}


/* its argument has to be 0 */
static int namespaces (int self) {
  return answer(pfd_sys_namespace(self, 1, 1), -EINVAL);
}


static int info (int self) {
  Info about = {.mask = PIDFD_INFO_PID};
  return answer(pfd_sys_info(self, &about), 0);
}


static int coredump_code (int self) {
  Info about = {.mask = PIDFD_INFO_SUPPORTED_MASK};
  int rc = pfd_sys_info(self, &about);
  if (rc < 0)
    return answer(rc, 0);
  return (pfd_process_infomask(&about) & PIDFD_INFO_COREDUMP_CODE) != 0;
}


/* by a pidfd, which came with the same Linux, where /proc is missing */
static int openpidns (void) {
  int ns = pfd_sys_openat(AT_FDCWD, "/proc/self/ns/pid", O_RDONLY);
  if (ns >= 0 || pfd_probe_isscarce(ns))
    return ns;
  int pidfd = pfd_sys_open(pfd_sys_getpid(), 0);
  if (pidfd < 0)
    return pidfd;
  ns = pfd_sys_namespace(pidfd, PIDNS, 0);
  (void)pfd_sys_close(pidfd);
  return ns;
}


/* of the pid namespace of whoever asks */
static int pid_in_namespace (int self) {
  (void)self;
  int ns = openpidns();
  if (ns < 0)
    return answer(ns, 0);
  pid_t own = pfd_sys_getpid();
  int rc = pfd_sys_translate(ns, NS_GET_PID_IN_PIDNS, own);
  (void)pfd_sys_close(ns);
  return (rc > 0) ? 1 : answer(rc, own);
}


/*
** Nobody can be asked for PIDFD_INFO_EXIT but one who has ended. It came with
** the same Linux as this number for the calling thread. Two calls take that, as
** a filter may refuse one of them.
*/
static int self_signal (int self) {
  (void)self;
  return answer(pfd_sys_send_signal(PIDFD_SELF_THREAD, 0, NULL, 0), 0);
}


static int self_mrelease (int self) {
  (void)self;
  return answer(pfd_sys_mrelease(PIDFD_SELF_THREAD), -EINVAL);
}


static int peer (int self) {
  (void)self;
  int socket = pfd_sys_unixsocket();
  if (socket < 0)
    return answer(socket, 0);
  int rc = answer(pfd_sys_peer(socket), -ENODATA);
  (void)pfd_sys_close(socket);
  return rc;
}


static int passpidfd (int self) {
  (void)self;
  int socket = pfd_sys_unixsocket();
  if (socket < 0)
    return answer(socket, 0);
  int rc = answer(pfd_sys_passpidfd(socket, 1), 0);
  (void)pfd_sys_close(socket);
  return rc;
}


static int mrelease (int self) {
  (void)self;
  return answer(pfd_sys_mrelease(NOWHERE), -EBADF);
}


static int madvise_ (int self) {
  (void)self;
  return answer((int)pfd_sys_madvise(NOWHERE, NULL, 0, MADV_COLD), -EBADF);
}


static int proc (int self) {
  (void)self;
  return answer(pfd_sys_openwithin(NOWHERE, "comm", O_RDONLY), -EBADF);
}

/* }=================================================================== */


/*
** A feature is there if the answer is yes to the question that takes a pidfd,
** if there is one, and to at least one of the others, if there are any.
*/
typedef struct Feature {
  const char *name;
  Question pidfd;
  Question others[3];
} Feature;

/* clang-format off */
static const Feature features[] = {
  {"autoreap", NULL, {autoreap}},           /* Linux 7.1 */
  {"coredump_code", coredump_code, {NULL}}, /* Linux 7.1 */
  {"getfd", NULL, {getfd}},                 /* Linux 5.6 */
  {"id", id, {NULL}},                       /* Linux 6.9 */
  {"info", info, {NULL}},                   /* Linux 6.13 */
  {"info_exit", info, {self_signal, self_mrelease}}, /* Linux 6.15 */
  {"madvise", NULL, {madvise_}},            /* Linux 5.10 */
  {"mrelease", NULL, {mrelease}},           /* Linux 5.15 */
  {"namespaces", namespaces, {NULL}},       /* Linux 6.11 */
  {"nonblock", NULL, {nonblock}},           /* Linux 5.10 */
  {"passpidfd", NULL, {passpidfd}},         /* Linux 6.5 */
  {"peer", NULL, {peer}},                   /* Linux 6.5 */
  {"pid_in_namespace", NULL, {pid_in_namespace}}, /* Linux 6.11 */
  {"proc", NULL, {proc}},                   /* Linux 5.6 */
  {"signal_scopes", NULL, {signal_scopes}}, /* Linux 6.9 */
  {"thread", NULL, {thread}},               /* Linux 6.9 */
  {"waitid", NULL, {waitid_}},              /* Linux 5.4 */
  {NULL, NULL, {NULL}},
};
/* clang-format on */


static const Feature *checkfeature (lua_State *L, int arg) {
  const char *name = pfd_arg_string(L, arg);
  const Feature *f = features;
  while (f->name != NULL && strcmp(f->name, name) != 0)
    f++;
  if (f->name == NULL)
    pfd_expect_arg(L, arg, pfd_expect_names(L, features, sizeof(*features)));
  return f;
}


static int find (int none, void *about) {
  const Feature *feature = *(const Feature *const *)about;
  (void)none;
  int rc = feature->pidfd ? pfd_probe_pidfd(feature->pidfd) : 1;
  if (rc != 1 || feature->others[0] == NULL)
    return rc;
  rc = 0;
  for (const Question *q = feature->others; *q != NULL && rc == 0; q++)
    rc = pfd_probe(*q);
  return rc;
}


/*
** pidfd.supports (name)
** Does the running kernel have it? "autoreap" (Linux 7.1; also for autokill),
** "coredump_code" (7.1), "getfd" (5.6), "id" (6.9; also for == and tokens),
** "info" (6.13), "info_exit" (6.15; the end of processes that are no children),
** "madvise" (5.10), "mrelease" (5.15), "namespaces" (6.11; before, /proc is
** read), "nonblock" (5.10), "passpidfd" (6.5), "peer" (6.5), "pid_in_namespace"
** (6.11), "proc" (5.6), "signal_scopes" (6.9), "thread" (6.9), "waitid" (5.4).
**
** Returns a boolean, or fails with
**   EMFILE, ENFILE  no descriptor left to find out
**   ENOMEM, ENOBUFS no memory left to find out
**   EAGAIN          no process left to find out
** or with another errno of clone(2), where a seccomp filter refuses that.
**
** What a seccomp filter refuses to this process is not supported either,
** whether it answers with an errno, kills, or sends SIGSYS: a child asks, and
** it is the child that is killed.
*/
int pfd_l_supports (lua_State *L) {
  const Feature *feature = checkfeature(L, 1);
  int rc = pfd_handle_try(L, 0, find, &feature);
  if (rc < 0)
    return pfd_fail(L, lua_pushfstring(L, "supports %s", feature->name), rc);
  lua_pushboolean(L, rc);
  return 1;
}
