#include "block.h"

#include <errno.h>

#include <lauxlib.h>
#include <lua.h>

#include "sys.h"


/* pending hooks fire when a Lua function is called, an empty one too */
static void runhooks (lua_State *L) {
  if (luaL_loadstring(L, "") != LUA_OK)
    lua_error(L);
  lua_call(L, 0, 0);
}


static long long timeleft (long long deadline) {
  long long left = deadline - pfd_sys_now();
  return (left > 0) ? left : 0;
}


int pfd_block (lua_State *L, struct pollfd *fds, nfds_t n, long long timeout) {
  long long deadline = (timeout > 0) ? pfd_sys_now() + timeout : 0;
  int rc;
  while ((rc = pfd_sys_poll(fds, n, timeout)) == -EINTR) {
    runhooks(L);
    if (timeout > 0)
      timeout = timeleft(deadline);
  }
  return rc;
}
