#include "usage.h"

#include "../compat.h"

#include "../linux/kernel.h"
#include "result.h"


/* assumes the table is on top */
static void setseconds (lua_State *L, const char *key, OldTime time) {
  lua_pushnumber(L, (lua_Number)time.seconds +
                      (lua_Number)time.microseconds / 1e6);
  lua_setfield(L, -2, key);
}


void pfd_usage_push (lua_State *L, const Usage *usage) {
  lua_newtable(L);
  setseconds(L, "utime", usage->utime);
  setseconds(L, "stime", usage->stime);
  pfd_setinteger(L, "maxrss", usage->maxrss * 1024LL); /* in KiB until here */
  pfd_setinteger(L, "minflt", usage->minflt);
  pfd_setinteger(L, "majflt", usage->majflt);
  pfd_setinteger(L, "inblock", usage->inblock);
  pfd_setinteger(L, "oublock", usage->oublock);
  pfd_setinteger(L, "nvcsw", usage->nvcsw);
  pfd_setinteger(L, "nivcsw", usage->nivcsw);
}
