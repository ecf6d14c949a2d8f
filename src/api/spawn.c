#define _GNU_SOURCE /* O_PATH */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include <errno.h>
#include <stdlib.h>

#include "../compat.h"

#include "../linux/launch.h"
#include "../linux/sys.h"
#include "../lua/handle.h"
#include "../lua/plan.h"
#include "../lua/result.h"
#include "../lua/start.h"
#include "calls.h"

/* on the stack, above what the plan has there: our ends of the pipes */
#define PIPES 3
#define PROCESS 4

static const char *const streamnames[] = {"stdin", "stdout", "stderr"};


/*
** What is opened on the way. The child gets copies of its part, which is
** closed here then; if there is no child, ours is closed too.
*/
typedef struct Opened {
  Handle *theirs[5]; /* /dev/null, the cgroup, its ends of the pipes */
  int ntheirs;
  Handle *ours[3];
  int nours;
  Handle *cgroup; /* one of theirs, which the pidfd gets */
} Opened;


static Handle *newtheirs (lua_State *L, Opened *opened) {
  Handle *h = pfd_handle_new(L, PFD_FD);
  pfd_plan_keep(L);
  opened->theirs[opened->ntheirs++] = h;
  return h;
}


static Handle *newours (lua_State *L, Opened *opened, const char *name) {
  Handle *h = pfd_handle_new(L, PFD_FD);
  lua_setfield(L, PIPES, name);
  opened->ours[opened->nours++] = h;
  return h;
}


static void closetheirs (Opened *opened) {
  while (opened->ntheirs > 0)
    (void)pfd_handle_close(opened->theirs[--opened->ntheirs]);
}


static void closeall (Opened *opened) {
  closetheirs(opened);
  while (opened->nours > 0)
    (void)pfd_handle_close(opened->ours[--opened->nours]);
}


/* a descriptor of the child's, or -errno */
static int openpath (lua_State *L, Opened *opened, const char *path,
                     int flags) {
  Handle *h = newtheirs(L, opened);
  int rc, tries = 0;
  do
    rc = pfd_sys_openat(AT_FDCWD, path, flags);
  while (pfd_handle_retry(L, rc, &tries));
  h->fd = rc;
  return rc;
}


/* the child reads its stdin, and writes the other two */
static int openpipe (lua_State *L, Opened *opened, int stream) {
  Handle *ours = newours(L, opened, streamnames[stream]);
  Handle *theirs = newtheirs(L, opened);
  int ends[2];
  int rc, tries = 0;
  do
    rc = pfd_sys_pipe(ends);
  while (pfd_handle_retry(L, rc, &tries));
  if (rc < 0)
    return rc;
  ours->fd = ends[stream == 0];
  theirs->fd = ends[stream != 0];
  return theirs->fd;
}


/* set what the child is to have as that stream; a closed one stays closed */
static int openstream (lua_State *L, Opened *opened, Plan *plan, int i) {
  Stream *s = &plan->streams[i];
  switch (s->kind) {
  case PFD_INHERIT:
    s->fd = i;
    break;
  case PFD_NULL:
    s->fd = openpath(L, opened, "/dev/null", O_RDWR);
    break;
  case PFD_PIPE:
    s->fd = openpipe(L, opened, i);
    break;
  case PFD_STDOUT:
    *s = plan->streams[1];
    break;
  default: /* PFD_BORROW has it, PFD_CLOSED has none */
    break;
  }
  return (s->kind == PFD_CLOSED) ? 0 : s->fd;
}


/*
** A stream that is not open here must not become one of those to come; nor
** one that is nobody's but ours, as our end of a pipe is: where a stream was
** closed, it has its number.
*/
static void skipclosed (Plan *plan) {
  for (int i = 0; i < 3; i++)
    if (plan->streams[i].kind == PFD_INHERIT && !pfd_sys_isinherited(i))
      plan->streams[i].kind = PFD_CLOSED;
}


/* a closed one is refused before something to come takes its number */
static int checkborrowed (const Plan *plan, Failure *failure) {
  for (int i = 0; i < 3; i++) {
    const Stream *s = &plan->streams[i];
    *failure = (Failure){.step = "dup", .what = streamnames[i]};
    if (s->kind == PFD_BORROW && !pfd_sys_isopen(s->fd))
      return -EBADF;
  }
  for (size_t i = 0; i < plan->nextra; i++) {
    *failure = (Failure){.step = "dup", .what = plan->extra[i].name};
    if (!pfd_sys_isopen(plan->extra[i].from))
      return -EBADF;
  }
  return 0;
}


/* what is borrowed is duplicated, so that the pidfd has one of its own */
static int dupborrowed (lua_State *L, Opened *opened, int fd) {
  Handle *h = newtheirs(L, opened);
  int rc, tries = 0;
  do
    rc = pfd_sys_dup(fd);
  while (pfd_handle_retry(L, rc, &tries));
  h->fd = rc;
  return rc;
}


static int opencgroup (lua_State *L, Opened *opened, Plan *plan,
                       Failure *failure) {
  int fd = plan->launch.cgroup, rc;
  if (plan->cgroup == NULL && fd < 0)
    return 0;
  if (plan->cgroup != NULL) {
    *failure = (Failure){.step = "open", .what = plan->cgroup};
    plan->launch.cgroupname = plan->cgroup;
    rc = openpath(L, opened, plan->cgroup, O_PATH | O_DIRECTORY);
  }
  else {
    plan->launch.cgroupname = lua_pushfstring(L, "%d", fd);
    *failure = (Failure){.step = "cgroup", .what = plan->launch.cgroupname};
    pfd_plan_keep(L);
    rc = dupborrowed(L, opened, fd);
  }
  plan->launch.cgroup = rc;
  opened->cgroup = opened->theirs[opened->ntheirs - 1];
  return rc;
}


static int openall (lua_State *L, Opened *opened, Plan *plan,
                    Failure *failure) {
  int rc = checkborrowed(plan, failure);
  skipclosed(plan);
  for (int i = 0; i < 3 && rc >= 0; i++) {
    int ispipe = (plan->streams[i].kind == PFD_PIPE);
    *failure =
      (Failure){.step = ispipe ? "pipe2" : "open", .what = streamnames[i]};
    rc = openstream(L, opened, plan, i);
  }
  return (rc >= 0) ? opencgroup(L, opened, plan, failure) : rc;
}


static int bytarget (const void *one, const void *other) {
  return ((const Move *)one)->to - ((const Move *)other)->to;
}


static void arrange (Plan *plan) {
  Launch *l = &plan->launch;
  for (int i = 0; i < 3; i++)
    if (plan->streams[i].kind != PFD_CLOSED)
      l->moves[l->nmoves++] =
        (Move){.from = plan->streams[i].fd, .to = i, .name = streamnames[i]};
  for (size_t i = 0; i < plan->nextra; i++)
    l->moves[l->nmoves++] = plan->extra[i];
  qsort(l->moves, l->nmoves, sizeof(Move), bytarget);
}


/* nil, "spawn: step subject: reason (hint)", errno */
static int fail (lua_State *L, const Failure *failure, int rc) {
  const char *about = (failure->what != NULL) ? failure->what : "";
  const char *space = (failure->what != NULL) ? " " : "";
  const char *call =
    lua_pushfstring(L, "spawn: %s%s%s", failure->step, space, about);
  if (failure->since != NULL)
    return pfd_fail_before(L, call, failure->since, rc);
  int n = pfd_fail(L, call, rc);
  if (failure->hint[0] != '\0') {
    lua_pushfstring(L, "%s (%s)", lua_tostring(L, -2), failure->hint);
    lua_replace(L, -3);
  }
  return n;
}


/*
** pidfd.spawn {program, arguments..., options}
** clone(2), CLONE_PIDFD, and execve(2): start a program, and have it in
** hand from its first moment.
**
** The arguments are strings. The options are
**   path       the file to run; without it, the program is searched on PATH
**   env        its whole environment, names to values; without it, ours
**   setenv     changes to that: names to values, or to false to remove it
**   cwd        the directory to start in
**   stdin, stdout, stderr  "inherit", as without it, unless it is
**              close-on-exec here; "null"; "pipe"; "stdout", for stderr
**              only; or a descriptor to borrow
**   fds        table from number, 3 and up, to a descriptor to borrow
**   session    true: setsid(2)
**   pgroup     setpgid(2); 0 makes it the leader of its own
**   ctty       with session, 0 to 2 or a number in 'fds': TIOCSCTTY, make it
**              the session's terminal
**   umask      umask(2)
**   nice       is added to ours, as by nice(2)
**   oom_score_adj  proc_pid_oom_score_adj(5); copies our memory
**   rlimits    setrlimit(2), names in small letters to a number, "unlimited",
**              or {soft, hard}
**   keepsignals  list of signals that stay ignored if they are ignored here;
**              without it, SIGHUP, SIGINT and SIGQUIT do
**   pdeathsig  signal that it gets when the calling thread ends
**   groups, gid, uid  setgroups(2), setresgid(2), setresuid(2); raises
**              if CAP_SETGID is there, and another uid, but no groups
**   nnp        true: PR_SET_NO_NEW_PRIVS
**   cgroup     directory, a path or a descriptor: born there, Linux 5.7
**   autoreap   true: nobody has to wait for it; Linux 7.1
**   autokill   true, with autoreap: killed when this pidfd, and all its
**              duplicates, are closed; Linux 7.1
**
** Returns a pidfd, and a table with our end, a pidfd.fd, of each pipe. Or
** it fails with the errno of the step that the message names, such as
**   ENOENT   no such program, 'cwd' or 'cgroup'; or no such interpreter of
**            the program, which the message tells then
**   ENOTDIR  no directory on the way to one of them
**   EACCES   not allowed: to execute the program or its interpreter, or to
**            enter one of those; or a lower 'nice' or 'oom_score_adj'
**   ENOTTY   'ctty' is no terminal
**   ENAMETOOLONG, ELOOP  too long a path, or too many links
**   EIO, ESTALE, ...  what the file system says of a path
**   ENOEXEC, ELIBBAD  no program format, and no "#!"
**   ETXTBSY  somebody is writing the program
**   E2BIG    arguments and environment are too large
**   EPERM    no right to that user, group, groups or process group, or to a
**            higher hard limit; or 'pgroup' with 'session'; or 'ctty' is the
**            terminal of another session
**   EBADF    a descriptor to borrow is not open; 'cgroup' is no cgroup v2
**   EBUSY    controllers are enabled for the children of 'cgroup'
**   EOPNOTSUPP  'cgroup' is threaded, or in an invalid domain
**   ENODEV   'cgroup' was removed; ENOENT, too
**   EAGAIN   too many processes
**   EINVAL   no such 'pdeathsig'; a soft limit above the hard one; or what
**            this kernel does not know
**   ENOSYS   'autoreap', 'autokill' where clone3(2) is missing or refused; or
**            there are no pidfds
**   ENOMEM   no memory; or the pid namespace for children has lost its init
**   EMFILE, ENFILE  no descriptor left
** and then there is neither a child nor a descriptor.
**
** The child has the descriptors that are named here, and no others; and no
** signal blocked. The action for each is the default, but for those that stay
** ignored.
**
** Returns when the program runs. Until then hooks run; if one raises, the
** child is killed. To close the pidfd neither ends the child nor reaps it, but
** for 'autokill' and 'autoreap'.
*/
int pfd_l_spawn (lua_State *L) {
  luaL_checktype(L, PFD_OPTIONS, LUA_TTABLE);
  luaL_argcheck(L, lua_isnoneornil(L, PFD_OPTIONS + 1), PFD_OPTIONS + 1,
                "options belong to the one table");
  lua_settop(L, PFD_OPTIONS);
  lua_newtable(L);
  lua_newtable(L);
  Plan plan;
  Opened opened = {.ntheirs = 0};
  Failure failure;
  pfd_plan_read(L, &plan);
  lua_settop(L, PIPES);
  (void)pfd_handle_new(L, PFD_PIDFD);
  int rc = openall(L, &opened, &plan, &failure);
  if (rc >= 0) {
    arrange(&plan);
    rc = pfd_start(L, &plan, &failure);
  }
  if (rc < 0) {
    closeall(&opened);
    (void)pfd_handle_close((Handle *)lua_touserdata(L, PROCESS));
    return (rc == PFD_RAISED) ? lua_error(L) : fail(L, &failure, rc);
  }
  Handle *p = (Handle *)lua_touserdata(L, PROCESS);
  p->fd = rc;
  if (opened.cgroup != NULL)
    pfd_handle_setcgroup(p, pfd_handle_release(opened.cgroup));
  closetheirs(&opened);
  lua_pushvalue(L, PROCESS);
  lua_pushvalue(L, PIPES);
  return 2;
}
