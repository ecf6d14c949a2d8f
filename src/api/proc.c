#include <errno.h>
#include <string.h>

#include "../compat.h"

#include "../linux/sys.h"
#include "../lua/below.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"

#define BUFFERSIZE 4096


/*
** A file about memory is empty once the process has no memory any more, or has
** another one: at its end, or at its next execve(2). What was read before may
** then be a part only.
*/
static int iscut (lua_State *L, int file) {
  char byte;
  return lua_rawlen(L, -1) > 0 && pfd_sys_pread(file, &byte, 1, 0) == 0;
}


/* 256 GiB and more: eight bytes for every page that there might be */
static int isendless (const char *name) {
  const char *last = strrchr(name, '/');
  return strcmp(last != NULL ? last + 1 : name, "pagemap") == 0;
}


/* replace the buffer on top by one of twice the size */
static char *enlarge (lua_State *L, size_t *size) {
  char *larger = (char *)lua_newuserdatauv(L, 2 * *size, 0);
  memcpy(larger, lua_touserdata(L, -2), *size);
  lua_replace(L, -2);
  *size *= 2;
  return larger;
}


/*
** Push a buffer, and all that the file has. Returns 0, or 1 if it came to
** be cut. Not luaL_Buffer, for whose memory nothing is collected when it
** runs out.
*/
static int pushcontent (lua_State *L, int file) {
  size_t size = BUFFERSIZE;
  size_t n = 0;
  char *buffer = (char *)lua_newuserdatauv(L, size, 0);
  int rc;
  while ((rc = pfd_sys_readfile(file, buffer + n, size - n)) > 0) {
    n += (size_t)rc;
    if (n == size)
      buffer = enlarge(L, &size);
  }
  lua_pushlstring(L, buffer, n);
  return (rc == 0) ? iscut(L, file) : rc;
}


static int readfile (lua_State *L, Below *b) {
  if (isendless(b->name))
    return -EFBIG;
  int rc = pushcontent(L, b->file->fd);
  b->empty = (rc == 0 && lua_rawlen(L, -1) == 0);
  return rc;
}


/*
** The text is argument 3. The files of /proc take a text as one order: what
** is left of it after a part has been taken would be another.
*/
static int writefile (lua_State *L, Below *b) {
  size_t length;
  const char *text = lua_tolstring(L, 3, &length);
  int rc = pfd_sys_writefile(b->file->fd, text, length);
  if (rc < 0)
    return rc;
  lua_pushboolean(L, 1);
  return ((size_t)rc == length) ? 0 : -EMSGSIZE;
}


static int writeproc (lua_State *L) {
  luaL_checktype(L, 3, LUA_TSTRING);
  lua_settop(L, 3);
  Below file = {.call = "proc", .flags = O_WRONLY, .use = writefile};
  file.name = pfd_below_name(L, 2);
  return pfd_below_tell(L, &file);
}


static int readproc (lua_State *L) {
  Below file = {.call = "proc", .flags = O_RDONLY, .use = readfile};
  file.name = pfd_below_name(L, 2);
  return pfd_below_ask(L, &file);
}


/*
** p:proc (name [, text])
** proc(5): read one file of the process's /proc directory, such as "stat"
** or "task/4242/comm", whole; or write 'text' there, as to "oom_score_adj".
**
** Returns a string, or true after a write, or fails with
**   ESRCH   the process has ended meanwhile, or been reaped
**   EACCES  no ptrace access to that process, or no permission
**   ENOENT  no such file; or /proc is not mounted, or hides the process
**   ENOTDIR a file below a file
**   ENAMETOOLONG  too long a name
**   ELOOP   a link, which would lead out of the directory
**   EISDIR  a directory
**   EFBIG   "pagemap", which has 256 GiB and more
**   EREMOTE it lives in a pid namespace that this /proc does not show
**   EMFILE, ENFILE  no descriptor left
**   ENOSYS  before Linux 5.6
**   EAGAIN  its first thread has ended, and the others come and go
**   EIO, EINVAL, EPERM  reading that very file fails so: "mem", "clear_refs",
**           "timerslack_ns"
**   EINVAL, ERANGE  that file does not take the text, or not from another
**           process ("comm")
**   EPERM, EACCES  to write it takes a privilege ("uid_map")
**   EMSGSIZE  the file has taken a part of the text, and has acted on that
** or with what else that very file fails with.
**
** The write reaches this process or nobody. What tells of its memory, such as
** "maps" and "environ", is empty when it is about to end, and for a zombie.
*/
int pfd_l_proc (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  return (lua_gettop(L) > 2) ? writeproc(L) : readproc(L);
}
