#include "handle.h"

#include <errno.h>

#include "../compat.h"

#include "../linux/sys.h"


/*
** The keys in the registry, which are addresses in this very module. Another
** library may have a type of the same name, and another version of this module
** may have another struct behind it: neither is taken for ours.
*/
static char keys[PFD_NUPVALUES + 1];

char pfd_handle_anchor;


/* push what the registry has under that key, and whether it has anything */
static int pushregistered (lua_State *L, int i) {
  lua_pushlightuserdata(L, &keys[i]);
  if (lua_rawget(L, LUA_REGISTRYINDEX) != LUA_TNIL)
    return 1;
  lua_pop(L, 1);
  return 0;
}


/* register the value on top, which stays there */
static void register_ (lua_State *L, int i) {
  lua_pushlightuserdata(L, &keys[i]);
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}


static void pushtype (lua_State *L, Type type) {
  if (pushregistered(L, (int)type))
    return;
  lua_newtable(L);
  lua_pushstring(L, pfd_handle_name(type));
  lua_setfield(L, -2, "__name");
  register_(L, (int)type);
}


static void pushcensus (lua_State *L) {
  if (pushregistered(L, PFD_CENSUS))
    return;
  Census *census = (Census *)lua_newuserdatauv(L, sizeof(Census), 0);
  *census = (Census){.mark = pfd_handle_mark(census)};
  register_(L, PFD_CENSUS);
}


void pfd_handle_pushupvalues (lua_State *L) {
  pushtype(L, PFD_PIDFD);
  pushtype(L, PFD_FD);
  pushcensus(L);
}


/*
** The collector knows of the few bytes of a handle only, not that descriptors
** are scarce. So handles that nobody has closed are counted, and a full
** collection is made when there are twice as many as were left by the last
** collection; but not for the first few, and at the latest when one eighth of
** all the descriptors that this process may have has been added. However much
** other memory there is, dead handles are then never more than that; and a
** program that closes its handles pays nothing.
*/
#define FEWHANDLES 128
#define PARTOFALL 8


/* so many handles more may be made before the next collection */
static long headroom (long handles) {
  long most = pfd_sys_maxdescriptors() / PARTOFALL;
  long room = (handles > FEWHANDLES) ? handles : FEWHANDLES;
  if (room > most)
    room = most;
  return (room > 0) ? room : 1;
}


/* does nothing if the collector is stopped, or runs this as a finalizer */
static void collect (lua_State *L, Census *census) {
  if (pfd_compat_collect(L) != 0)
    return;
  census->limit = census->handles + headroom(census->handles);
}


/*
** When most handles have been closed, compute again how many may be made before
** the next collection. Many have to be closed first, so a program that opens
** and closes one handle in turn does not do this each time.
*/
static void lower (Census *census) {
  if (census->limit / 4 > FEWHANDLES && census->handles < census->limit / 4)
    census->limit = census->handles + headroom(census->handles);
}


static Census *getregistered (lua_State *L) {
  pushcensus(L);
  Census *census = (Census *)lua_touserdata(L, -1);
  lua_pop(L, 1);
  return census;
}


/* the debug library may have changed the upvalue */
static Census *getcensus (lua_State *L) {
  int i = lua_upvalueindex(PFD_CENSUS);
  Census *census = (Census *)lua_touserdata(L, i);
  if (census == NULL || lua_rawlen(L, i) != sizeof(Census) ||
      census->mark != pfd_handle_mark(census))
    census = getregistered(L);
  if (census->limit == 0)
    census->limit = headroom(0);
  if (census->handles >= census->limit)
    collect(L, census);
  return census;
}


Handle *pfd_handle_new (lua_State *L, Type type) {
  Census *census = getcensus(L);
  Handle *h = (Handle *)lua_newuserdatauv(L, sizeof(Handle), 0);
  size_t mark = (type == PFD_PIDFD) ? pfd_handle_mark(h) : PFD_FD;
  /* before the metatable: '__gc' may run then */
  *h = (Handle){.mark = mark, .fd = -1, .cgroup = -1};
  if (type == PFD_FD)
    h->input = NULL;
  lua_pushvalue(L, lua_upvalueindex((int)type));
  lua_setmetatable(L, -2);
  h->census = census;
  census->handles++;
  return h;
}


static inline Type gettype (const Handle *h) {
  return (h->mark == PFD_FD) ? PFD_FD : PFD_PIDFD;
}


/*
** NULL for any other value. Light userdata may have our metatable, but its
** length is 0.
*/
static Handle *gethandle (lua_State *L, int arg) {
  Handle *h = (Handle *)lua_touserdata(L, arg);
  if (h == NULL || lua_rawlen(L, arg) != sizeof(Handle) ||
      !lua_getmetatable(L, arg))
    return NULL;
  const void *metatable = lua_topointer(L, -1);
  lua_pop(L, 1);
  int ours = lua_upvalueindex((int)gettype(h));
  return (metatable == lua_topointer(L, ours)) ? h : NULL;
}


Type pfd_handle_type (lua_State *L, int arg) {
  const Handle *h = gethandle(L, arg);
  return (h == NULL) ? PFD_NONE : gettype(h);
}


const char *pfd_handle_name (Type type) {
  static const char *const names[] = {
    [PFD_NONE] = NULL, [PFD_PIDFD] = "pidfd", [PFD_FD] = "pidfd.fd"};
  return names[type];
}


const char *pfd_handle_closed (lua_State *L, Type type) {
  const char *name = pfd_handle_name(type);
  return lua_pushfstring(L, "open %s expected, got a closed %s", name, name);
}


Handle *pfd_handle_check (lua_State *L, int arg) {
  Handle *h = gethandle(L, arg);
  if (h == NULL)
    luaL_typeerror(L, arg, "pidfd or pidfd.fd");
  return h;
}


static Handle *checkopen (lua_State *L, int arg, Handle *h) {
  if (h->fd < 0)
    luaL_argerror(L, arg, pfd_handle_closed(L, gettype(h)));
  return h;
}


Handle *pfd_handle_open (lua_State *L, int arg) {
  return checkopen(L, arg, pfd_handle_check(L, arg));
}


Handle *pfd_handle_openas (lua_State *L, int arg, Type type) {
  Handle *h = gethandle(L, arg);
  if (h == NULL || gettype(h) != type)
    luaL_typeerror(L, arg, pfd_handle_name(type));
  return checkopen(L, arg, h);
}


int pfd_handle_pidfd (lua_State *L, int arg) {
  int fd = pfd_handle_trypidfd(L, arg);
  return (fd >= 0) ? fd : pfd_handle_openas(L, arg, PFD_PIDFD)->fd;
}


void pfd_handle_setcgroup (Handle *h, int dir) {
  h->cgroup = dir;
  if (h->census != NULL)
    h->census->handles++;
}


static void forgetcgroup (Handle *h) {
  int dir = h->cgroup;
  if (dir < 0)
    return;
  h->cgroup = -1;
  if (h->census != NULL)
    h->census->handles--;
  (void)pfd_sys_close(dir);
}


int pfd_handle_release (Handle *h) {
  int fd = h->fd;
  forgetcgroup(h);
  if (h->census != NULL) {
    h->census->handles--;
    lower(h->census);
  }
  h->census = NULL;
  h->fd = -1;
  if (h->mark == PFD_FD)
    pfd_input_free(&h->input);
  return fd;
}


/* a call uses so many values at the bottom of its stack, and on top of it */
#define MOSTVALUES 32


/* what tells a value from others; before Lua 5.4 strings have no pointer */
static const void *identify (lua_State *L, int i) {
  return (lua_type(L, i) == LUA_TSTRING) ? (const void *)lua_tostring(L, i)
                                         : lua_topointer(L, i);
}


/* the first values, and the last: between them are useless arguments */
static int choose (int i, int n) {
  return (i < MOSTVALUES || n <= 2 * MOSTVALUES) ? i + 1
                                                 : n - 2 * MOSTVALUES + i + 1;
}


/*
** By the debug library, a finalizer may even replace what the call has on the
** stack. Then nothing would keep the call's handles from being collected.
*/
/* not inlined: its array would be in the frame of each call that succeeds */
static __attribute__((noinline)) void collectandcheck (lua_State *L) {
  const void *objects[2 * MOSTVALUES];
  int n = lua_gettop(L);
  for (int i = 0; i < n && i < 2 * MOSTVALUES; i++)
    objects[i] = identify(L, choose(i, n));
  lua_gc(L, LUA_GCCOLLECT);
  for (int i = 0; i < n && i < 2 * MOSTVALUES; i++)
    if (identify(L, choose(i, n)) != objects[i])
      luaL_error(L, "a finalizer has taken values away");
}


/*
** Descriptors are closed by the collector, and the collector does not
** know that they are scarce. When they have run out, let it close what
** nobody uses any more, and try once again. Finalizers that run in this
** collection may close any handle, also one that the call is about.
*/
int pfd_handle_collect (lua_State *L, int *tries) {
  if ((*tries)++ > 0)
    return 0;
  collectandcheck(L);
  return 1;
}


int pfd_handle_try (lua_State *L, int arg, Attempt *attempt, void *about) {
  int rc, tries = 0;
  do {
    int fd = (arg != 0) ? pfd_handle_open(L, arg)->fd : -1;
    rc = attempt(fd, about);
  } while (pfd_handle_retry(L, rc, &tries));
  return rc;
}
