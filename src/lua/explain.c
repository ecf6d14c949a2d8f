#include "explain.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#include "../compat.h"

#include "../linux/probe.h"
#include "../linux/process.h"
#include "../linux/sys.h"
#include "handle.h"

#define YAMAPATH "/proc/sys/kernel/yama/ptrace_scope"

#define STATUSSIZE 8192
#define EFFECTIVE 1


/* what /proc/PID/status shows to everybody */
typedef struct Status {
  unsigned int uids[3]; /* real, effective, saved */
  unsigned int gids[3];
  int dumpable;
} Status;


/* three numbers of a line such as "Uid:\t1000\t1000\t1000\t1000" */
static int parseids (char *text, const char *key, unsigned int ids[3]) {
  char *at = strstr(text, key);
  if (at == NULL)
    return -EIO;
  at += strlen(key);
  for (int i = 0; i < 3; i++)
    ids[i] = (unsigned int)strtoul(at, &at, 10);
  return 0;
}


/*
** The file belongs to root if the process is not dumpable; but also if it has
** no memory any more, and then the file has no VmSize.
*/
static int parsestatus (char *text, uid_t owner, Status *status) {
  int rc = parseids(text, "\nUid:", status->uids);
  if (rc == 0)
    rc = parseids(text, "\nGid:", status->gids);
  if (rc == 0)
    status->dumpable =
      owner != 0 || status->uids[EFFECTIVE] == 0 ||
      (strstr(text, "\nVmSize:") == NULL && strlen(text) < STATUSSIZE - 1);
  return rc;
}


static int readstatus (int pidfd, Status *status) {
  char text[STATUSSIZE];
  int file = pfd_process_open(pidfd, "status", O_RDONLY);
  if (file < 0)
    return file;
  uid_t owner;
  int rc = pfd_sys_owner(file, &owner);
  if (rc == 0)
    rc = pfd_sys_readfile(file, text, sizeof(text) - 1);
  (void)pfd_sys_close(file);
  if (rc < 0)
    return rc;
  text[rc] = '\0';
  return parsestatus(text, owner, status);
}


/*
** Does a seccomp filter refuse the call? A filter sees the call, and not what
** -1 stands for, so it refuses this one, too. The kernel itself would answer
** EBADF.
*/
static int isfiltered (void) {
  int rc = pfd_sys_getfd(-1, -1, 0);
  return rc == -EPERM || rc == -ENOSYS;
}


/* in a child: a filter may kill for a call that nobody asked for */
static int isprivileged (int self) {
  (void)self;
  return pfd_sys_hascapability(CAP_SYS_PTRACE);
}


/* 0 where it has nothing to say, or is not there */
static int yamascope (void) {
  char digit = '0';
  int file = pfd_sys_openat(AT_FDCWD, YAMAPATH, O_RDONLY);
  if (file < 0)
    return 0;
  (void)pfd_sys_readfile(file, &digit, 1);
  (void)pfd_sys_close(file);
  return digit - '0';
}


/* the first of the three that is another's, or 'own' */
static unsigned int findother (const unsigned int ids[3], unsigned int own) {
  for (int i = 0; i < 3; i++)
    if (ids[i] != own)
      return ids[i];
  return own;
}


static const char *checkids (lua_State *L, const char *what,
                             const unsigned int ids[3], unsigned int own) {
  unsigned int other = findother(ids, own);
  if (other == own)
    return NULL;
  return lua_pushfstring(L,
                         "it is of %s %I, and this process of %s %I, "
                         "without CAP_SYS_PTRACE",
                         what, (LUAI_UACINT)other, what, (LUAI_UACINT)own);
}


/* to attach takes the real ids, to read those for the file system */
static const char *checkuser (lua_State *L, const Status *s, Access access) {
  uid_t uid = (access == PFD_ATTACH) ? pfd_sys_getuid() : pfd_sys_geteuid();
  gid_t gid = (access == PFD_ATTACH) ? pfd_sys_getgid() : pfd_sys_getegid();
  const char *reason = checkids(L, "user", s->uids, uid);
  if (reason == NULL)
    reason = checkids(L, "group", s->gids, gid);
  if (reason == NULL && !s->dumpable)
    reason = "it is not dumpable, as it has changed its user, runs a file it "
             "may not read, or asked for it with PR_SET_DUMPABLE; and this "
             "process has no CAP_SYS_PTRACE";
  return reason;
}


static const char *checkyama (int scope) {
  if (scope == 1)
    return "Yama's ptrace_scope is 1: without CAP_SYS_PTRACE one reaches only "
           "one's descendants, and who asked for it with PR_SET_PTRACER";
  if (scope == 2)
    return "Yama's ptrace_scope is 2: it takes CAP_SYS_PTRACE";
  return NULL;
}


/* the fact that suffices, or NULL; may push one value */
static const char *findreason (lua_State *L, int pidfd, Access access) {
  int scope = (access == PFD_ATTACH) ? yamascope() : 0;
  if (access == PFD_ATTACH && isfiltered())
    return "a seccomp filter refuses pidfd_getfd to this process; in a "
           "container --cap-add SYS_PTRACE may help";
  if (scope == 3)
    return "Yama's ptrace_scope is 3: nobody may, until the system is "
           "started again";
  if (pfd_probe(isprivileged) != 0)
    return NULL;
  Status status;
  if (readstatus(pidfd, &status) < 0)
    return NULL;
  const char *reason = checkuser(L, &status, access);
  return (reason != NULL) ? reason : checkyama(scope);
}


void pfd_explain (lua_State *L, int arg, Access access) {
  int message = lua_gettop(L) - 1; /* nil, message, errno */
  const Handle *p = pfd_handle_check(L, arg);
  const char *reason = (p->fd >= 0) ? findreason(L, p->fd, access) : NULL;
  if (reason != NULL) {
    lua_pushfstring(L, "%s (%s)", lua_tostring(L, message), reason);
    lua_replace(L, message);
  }
  lua_settop(L, message + 1);
}
