#include "result.h"

#include <errno.h>
#include <string.h>

#include "../compat.h"

#include "../linux/process.h"
#include "../linux/sys.h"


int pfd_fail (lua_State *L, const char *call, int rc) {
  int err = -rc;
  luaL_pushfail(L);
  lua_pushfstring(L, "%s: %s", call, strerror(err));
  lua_pushinteger(L, err);
  return 3;
}


int pfd_fail_hint (lua_State *L, const char *call, const char *hint, int rc) {
  int n = pfd_fail(L, call, rc);
  lua_pushfstring(L, "%s (%s)", lua_tostring(L, -2), hint);
  lua_replace(L, -3);
  return n;
}


/* what is missing, or NULL if nothing is, or if that cannot be found out */
static const char *findmissing (int rc) {
  if (rc != -ENOENT)
    return NULL;
  int isproc = pfd_sys_isproc();
  if (isproc == 0 || isproc == -ENOENT || isproc == -ENOTDIR)
    return "/proc is not mounted";
  return (pfd_process_isourproc() == 0)
           ? "/proc is that of another pid namespace"
           : NULL;
}


int pfd_fail_proc (lua_State *L, const char *call, int rc) {
  const char *missing = findmissing(rc);
  return (missing != NULL) ? pfd_fail_hint(L, call, missing, rc)
                           : pfd_fail(L, call, rc);
}


/*
** EINVAL and ENOSYS have other reasons, too: a wrong argument, a seccomp
** filter. They are explained by the version only where the kernel is older.
** The other three say of themselves that something is missing.
*/
static int islack (int rc, const char *version) {
  if (rc == -ENOTTY || rc == -EOPNOTSUPP || rc == -ENOPROTOOPT)
    return 1;
  return (rc == -EINVAL || rc == -ENOSYS) && pfd_sys_isbefore(version);
}


int pfd_fail_before (lua_State *L, const char *call, const char *version,
                     int rc) {
  if (!islack(rc, version))
    return pfd_fail(L, call, rc);
  const char *hint = lua_pushfstring(L, "before Linux %s", version);
  return pfd_fail_hint(L, call, hint, rc);
}


int pfd_ok (lua_State *L) {
  lua_pushboolean(L, 1);
  return 1;
}


void pfd_setinteger (lua_State *L, const char *key, lua_Integer n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
}


void pfd_setboolean (lua_State *L, const char *key, int b) {
  lua_pushboolean(L, b);
  lua_setfield(L, -2, key);
}
