#include <string.h>

#include "../compat.h"

#include "../linux/sys.h"
#include "../lua/below.h"
#include "../lua/handle.h"
#include "calls.h"

#define BUFFERSIZE 4096


/* add the entries of one buffer, less "." and "..", to the table on top */
static void addnames (lua_State *L, const char *buffer, int size) {
  lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
  for (int at = 0; at < size;) {
    const Entry *entry = (const Entry *)(const void *)(buffer + at);
    if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0) {
      lua_pushstring(L, entry->name);
      lua_rawseti(L, -2, ++n);
    }
    at += entry->length;
  }
}


static int readnames (lua_State *L, Below *b) {
  _Alignas(Entry) char buffer[BUFFERSIZE];
  int rc;
  lua_newtable(L);
  while ((rc = pfd_sys_getdents(b->file->fd, buffer, sizeof(buffer))) > 0)
    addnames(L, buffer, rc);
  b->empty = (rc == 0 && lua_rawlen(L, -1) == 0);
  return rc;
}


/*
** p:list (name)
** getdents(2): what is in a directory below the process's /proc directory:
** "task", "fd", "map_files", "ns"; "." is that directory itself.
**
** Returns a list of names, without "." and "..", in the kernel's order; or
** fails with
**   ESRCH   the process has ended meanwhile, or been reaped
**   EACCES  no ptrace access to that process
**   ENOENT  no such directory; or /proc is not mounted, or hides the process
**   ENOTDIR no directory
**   ELOOP   a link, which would lead out of the directory
**   ENAMETOOLONG  too long a name
**   EREMOTE it lives in a pid namespace that this /proc does not show
**   EMFILE, ENFILE  no descriptor left
**   ENOSYS  before Linux 5.6
**   EAGAIN  its first thread has ended, and the others come and go
**
** Names are strings, numbers too. A running process goes on while they are
** read: a thread or descriptor that comes or goes meanwhile may be there or
** not. A zombie has no descriptors and no memory: these lists are empty, or
** EACCES, as it belongs to root.
*/
int pfd_l_list (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_PIDFD);
  Below directory = {.call = "list", .use = readnames};
  directory.flags = O_RDONLY | O_DIRECTORY;
  directory.name = pfd_below_name(L, 2);
  return pfd_below_ask(L, &directory);
}
