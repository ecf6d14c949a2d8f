#include <errno.h>

#include "../compat.h"

#include "../linux/process.h"
#include "../lua/about.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


/*
** p:id ()
** fstat(2): the inode number of the process, which no other process has
** had or will have until the system is started again.
**
** Returns an integer, or fails with
**   EOPNOTSUPP  before Linux 6.9
*/
int pfd_l_id (lua_State *L) {
  Handle *p = pfd_handle_openas(L, 1, PFD_PIDFD);
  unsigned long long id;
  int rc = pfd_process_id(p->fd, &id);
  if (rc == 0) {
    lua_pushinteger(L, (lua_Integer)id);
    return 1;
  }
  const char *call = pfd_about(L, "id", 1);
  return (rc == -EOPNOTSUPP) ? pfd_fail_before(L, call, "6.9", rc)
                             : pfd_fail(L, call, rc);
}


/* a closed pidfd, or something else that is compared to one, has no id */
static int hasid (lua_State *L, int arg, unsigned long long *id) {
  if (pfd_handle_type(L, arg) != PFD_PIDFD)
    return 0;
  const Handle *p = (const Handle *)lua_touserdata(L, arg);
  return p->fd >= 0 && pfd_process_id(p->fd, id) == 0;
}


/*
** p == q
** fstat(2): is it the same process?
**
** Returns a boolean. Before Linux 6.9 only the same object is equal.
*/
int pfd_l_eq (lua_State *L) {
  unsigned long long one, other;
  int same = hasid(L, 1, &one) && hasid(L, 2, &other) && one == other;
  lua_pushboolean(L, same);
  return 1;
}
