#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../compat.h"

#include "../linux/kernel.h"
#include "../linux/process.h"
#include "../linux/sys.h"
#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"

/*
** A token is VERSION:KIND:PID:ID:BOOT. It names a process for as long as
** the system runs, to whoever is in the same pid namespace:
**
**   1:process:4242:50369:1b4e28ba-2fa1-11d2-883f-0016d3cca427
**
** VERSION is 1, KIND is "process", or "thread" for a pidfd that was opened
** with THREAD, ID is the inode number that p:id() tells, and BOOT is the
** kernel's random/boot_id.
**
** A short one is PID:ID, which kill(1) and others of util-linux take; it says
** nothing of the boot, and always names a process.
*/

#define BOOTPATH "/proc/sys/kernel/random/boot_id"
#define BOOTSIZE 36 /* of a UUID */

/* what a token says */
typedef struct Token {
  int isshort;
  int thread;
  pid_t pid;
  unsigned long long id;
  char boot[BOOTSIZE + 1];
} Token;


static int readboot (char boot[BOOTSIZE + 1]) {
  int file = pfd_sys_openat(AT_FDCWD, BOOTPATH, O_RDONLY);
  if (file < 0)
    return file;
  int rc = pfd_sys_readfile(file, boot, BOOTSIZE);
  (void)pfd_sys_close(file);
  boot[BOOTSIZE] = '\0';
  return (rc >= 0 && rc != BOOTSIZE) ? -EIO : rc;
}


static int readtoken (int pidfd, void *about) {
  Token *token = (Token *)about;
  int rc = pfd_process_id(pidfd, &token->id);
  if (rc < 0)
    return rc;
  rc = token->isshort ? 0 : readboot(token->boot);
  if (rc < 0)
    return rc;
  rc = pfd_sys_flags(pidfd);
  if (rc < 0)
    return rc;
  token->thread = (rc & PIDFD_THREAD) != 0;
  if (token->isshort && token->thread)
    return -EINVAL;
  token->pid = pfd_process_pid(pidfd);
  return (token->pid < 0) ? token->pid : 0;
}


static int fail (lua_State *L, const char *call, int rc) {
  if (rc == -EOPNOTSUPP)
    return pfd_fail_before(L, call, "6.9", rc);
  return pfd_fail_proc(L, call, rc);
}


/* is it wanted "short"? */
static int checkform (lua_State *L, int arg) {
  static const char *const words[] = {"short", NULL};
  if (lua_gettop(L) < arg)
    return 0;
  (void)pfd_arg_word(L, arg, words);
  return 1;
}


static void pushtoken (lua_State *L, const Token *token) {
  if (token->isshort)
    lua_pushfstring(L, "%d:%I", (int)token->pid, (LUAI_UACINT)token->id);
  else
    lua_pushfstring(L, "1:%s:%d:%I:%s", token->thread ? "thread" : "process",
                    (int)token->pid, (LUAI_UACINT)token->id, token->boot);
}


/*
** p:token (["short"])
** A string by which pidfd.from_token finds the same process again: in
** another program, or in this one after it was started anew. A short one is
** what util-linux takes, and holds until the system is started again.
**
** Returns a string, or fails with
**   ESRCH       the process has been reaped
**   EINVAL      a short one of a thread, which it cannot name
**   EREMOTE     it cannot be seen from this pid namespace
**   EOPNOTSUPP  before Linux 6.9
**   ENOENT      /proc is not mounted, and it is to be a long one
**   EMFILE, ENFILE  no descriptor left to read /proc
*/
int pfd_l_token (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  Token token = {.isshort = checkform(L, 2)};
  int rc = pfd_handle_try(L, 1, readtoken, &token);
  if (rc == 0) {
    pushtoken(L, &token);
    return 1;
  }
  const char *call = pfd_about(L, "token", 1);
  if (rc == -EINVAL && token.isshort && token.thread)
    return pfd_fail_hint(L, call, "a short one cannot name a thread", rc);
  return fail(L, call, rc);
}


/* take 'text' if it is what stands at '*at' */
static int take (const char **at, const char *text) {
  size_t length = strlen(text);
  int there = strncmp(*at, text, length) == 0;
  *at += there ? length : 0;
  return there;
}


/* take a number from 1 up, and the colon after it; 0 if there is none */
static long long takenumber (const char **at) {
  if (**at < '1' || **at > '9') /* no sign, no space, no zero in front */
    return 0;
  char *end;
  long long n = strtoll(*at, &end, 10); /* too long a number is LLONG_MAX */
  *at = end + 1;
  return (*end == ':' && n < LLONG_MAX) ? n : 0;
}


/* the last number of a short one; 0 if there is none, or more behind it */
static unsigned long long takelast (const char *at, const char *end) {
  char *stop;
  if (*at < '1' || *at > '9')
    return 0;
  long long n = strtoll(at, &stop, 10);
  return (stop == end && n < LLONG_MAX) ? (unsigned long long)n : 0;
}


static int parseshort (const char *text, size_t length, Token *token) {
  const char *at = text;
  long long pid = takenumber(&at);
  if (pid < 1 || pid > INT_MAX)
    return -EINVAL;
  token->isshort = 1;
  token->pid = (pid_t)pid;
  token->id = takelast(at, text + length);
  return (token->id == 0) ? -EINVAL : 0;
}


static int parselong (const char *text, size_t length, Token *token) {
  const char *at = text;
  token->thread = take(&at, "1:thread:");
  if (!token->thread && !take(&at, "1:process:"))
    return -EINVAL;
  long long pid = takenumber(&at);
  if (pid < 1 || pid > INT_MAX)
    return -EINVAL;
  token->pid = (pid_t)pid;
  token->id = (unsigned long long)takenumber(&at);
  if (token->id == 0 || at + BOOTSIZE != text + length ||
      strspn(at, "0123456789abcdef-") != BOOTSIZE)
    return -EINVAL;
  memcpy(token->boot, at, BOOTSIZE + 1);
  return 0;
}


static int parsetoken (const char *text, size_t length, Token *token) {
  *token = (Token){.isshort = 0};
  int rc = parselong(text, length, token);
  return (rc < 0) ? parseshort(text, length, token) : rc;
}


/* has the system been started again since? a short one does not say */
static int checkboot (const Token *token) {
  char boot[BOOTSIZE + 1];
  if (token->isshort)
    return 0;
  int rc = readboot(boot);
  if (rc < 0)
    return rc;
  return (strcmp(boot, token->boot) != 0) ? -ESRCH : 0;
}


/* the number may be another's by now, or a thread's: then it is gone */
static int opentoken (int none, void *about) {
  const Token *token = (const Token *)about;
  (void)none;
  int rc = checkboot(token);
  if (rc < 0)
    return rc;
  int fd = pfd_sys_open(token->pid, token->thread ? PIDFD_THREAD : 0);
  if (fd < 0)
    return pfd_process_isfree(fd) ? -ESRCH : fd;
  unsigned long long id;
  rc = pfd_process_id(fd, &id);
  if (rc == 0 && id == token->id)
    return fd;
  (void)pfd_sys_close(fd);
  return (rc < 0) ? rc : -ESRCH;
}


/*
** pidfd.from_token (token)
** Get a handle on the process that a token of p:token names, or PID:ID, as
** util-linux has it.
**
** Returns a pidfd, or fails with
**   ESRCH       the process is gone: its number is free, or another's, or
**               the system has been started again
**   EINVAL      not what p:token makes
**   EOPNOTSUPP  before Linux 6.9
**   ENOENT      /proc is not mounted, and it is a long one
**   EMFILE, ENFILE  no descriptor left
*/
int pfd_l_from_token (lua_State *L) {
  size_t length;
  luaL_checktype(L, 1, LUA_TSTRING);
  const char *text = lua_tolstring(L, 1, &length);
  Token token;
  int rc = parsetoken(text, length, &token);
  if (rc < 0)
    return pfd_fail_hint(L, "from_token", "it is not what p:token makes", rc);
  Handle *h = pfd_handle_new(L, PFD_PIDFD);
  rc = pfd_handle_try(L, 0, opentoken, &token);
  h->fd = rc;
  h->end.pid = token.pid;
  if (rc >= 0)
    return 1;
  (void)pfd_handle_close(h);
  return fail(L, pfd_about_number(L, "from_token", token.pid), rc);
}
