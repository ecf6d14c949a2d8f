#include "../compat.h"

#include "../linux/kill.h"
#include "../linux/launch.h"
#include "../linux/sys.h"
#include "../lua/handle.h"
#include "../lua/plan.h"
#include "../lua/program.h"
#include "calls.h"

/* on the stack, above the pipes */
#define PROCESS (PFD_PIPES + 1)


/*
** The handle that is still to own the pidfd. Hooks have run: by the debug
** library, one may have put something else in its place, which is NULL.
*/
static Handle *getprocess (lua_State *L) {
  Handle *p = (Handle *)lua_touserdata(L, PROCESS);
  return (pfd_handle_type(L, PROCESS) == PFD_PIDFD && p->fd < 0) ? p : NULL;
}


/* let it own the pidfd, and the cgroup; a child that nobody has is killed */
static void give (lua_State *L, int pidfd, const Opened *opened) {
  Handle *p = getprocess(L);
  if (p == NULL) {
    if (opened->cgroup >= 0)
      (void)pfd_sys_close(opened->cgroup);
    pfd_kill(pidfd, NULL);
    luaL_error(L, "spawn: a hook has taken the pidfd away");
    return;
  }
  p->fd = pidfd;
  if (opened->cgroup >= 0)
    pfd_handle_setcgroup(p, opened->cgroup);
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
**   cgroup     directory, a path or a descriptor: starts there, Linux 5.7
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
  Plan plan;
  Opened opened;
  Failure failure;
  pfd_program_begin(L);
  static const char *const nomore[] = {NULL};
  pfd_program_read(L, &plan, nomore);
  (void)pfd_handle_new(L, PFD_PIDFD);
  int rc = pfd_program_start(L, &plan, &opened, &failure);
  if (rc < 0) {
    Handle *p = getprocess(L);
    if (p != NULL)
      (void)pfd_handle_close(p);
    return (rc == PFD_RAISED) ? lua_error(L)
                              : pfd_program_fail(L, "spawn", &failure, rc);
  }
  pfd_program_give(L, &opened);
  give(L, rc, &opened);
  lua_settop(L, PROCESS);
  lua_pushvalue(L, PFD_PIPES);
  return 2;
}
