#include "about.h"

#include "../compat.h"

#include "../linux/process.h"
#include "handle.h"


/* a process that has been reaped has the number that it had; or 0: unknown */
static int findpid (Handle *p) {
  if (p->end.pid == 0 && p->fd >= 0) {
    int pid = pfd_process_pid(p->fd);
    p->end.pid = (pid > 0) ? pid : 0;
  }
  return p->end.pid;
}


/*
** -1: a finalizer has closed it meanwhile, or the debug library has taken its
** metatable; 0 is a descriptor, but no pid.
*/
static int getsubject (lua_State *L, int arg) {
  Type type = pfd_handle_type(L, arg);
  if (type == PFD_NONE)
    return -1;
  Handle *h = (Handle *)lua_touserdata(L, arg);
  if (type == PFD_FD)
    return h->fd;
  int pid = findpid(h);
  return (pid > 0) ? pid : -1;
}


const char *pfd_about (lua_State *L, const char *call, int arg) {
  int subject = getsubject(L, arg);
  return (subject < 0) ? call : pfd_about_number(L, call, subject);
}


const char *pfd_about_file (lua_State *L, const char *call, int arg,
                            const char *name) {
  int subject = getsubject(L, arg);
  if (subject < 0)
    return lua_pushfstring(L, "%s %s", call, name);
  return lua_pushfstring(L, "%s %d/%s", call, subject, name);
}


const char *pfd_about_number (lua_State *L, const char *call, int n) {
  return lua_pushfstring(L, "%s %d", call, n);
}
