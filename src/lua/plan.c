#include "plan.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../compat.h"

#include "../linux/sys.h"
#include "borrow.h"
#include "constants.h"
#include "copy.h"

/* the highest user or group id; the next one means "leave it" */
#define MAXID 0xFFFFFFFELL

/* the limits of setrlimit(2); some C libraries do not name all of them */
typedef struct Resource {
  const char *name;
  int number;
} Resource;

/* clang-format off */
static const Resource resources[] = {
  {"as", RLIMIT_AS},
  {"core", RLIMIT_CORE},
  {"cpu", RLIMIT_CPU},
  {"data", RLIMIT_DATA},
  {"fsize", RLIMIT_FSIZE},
  {"locks", RLIMIT_LOCKS},
  {"memlock", RLIMIT_MEMLOCK},
  {"msgqueue", RLIMIT_MSGQUEUE},
  {"nice", RLIMIT_NICE},
  {"nofile", RLIMIT_NOFILE},
  {"nproc", RLIMIT_NPROC},
  {"rss", RLIMIT_RSS},
  {"rtprio", RLIMIT_RTPRIO},
  {"rttime", RLIMIT_RTTIME},
  {"sigpending", RLIMIT_SIGPENDING},
  {"stack", RLIMIT_STACK},
  {NULL, 0},
};
/* clang-format on */

#define PFD_NRESOURCES (sizeof(resources) / sizeof(*resources))


/*
** {=====================================================================
** values; each reader takes the value on top, and pops it
** ======================================================================
*/

int pfd_plan_bad (lua_State *L, const char *key, const char *reason) {
  return luaL_argerror(L, PFD_OPTIONS,
                       lua_pushfstring(L, "%s: %s", key, reason));
}


void pfd_plan_wanttype (lua_State *L, const char *key, int type) {
  if (lua_type(L, -1) != type)
    pfd_plan_bad(L, key,
                 lua_pushfstring(L, "%s expected, got %s",
                                 lua_typename(L, type), luaL_typename(L, -1)));
}


/* a method of an object to borrow may change the options meanwhile */
void pfd_plan_keep (lua_State *L) {
  lua_rawseti(L, PFD_KEPT, (lua_Integer)lua_rawlen(L, PFD_KEPT) + 1);
}


/* the length of a list with holes may not fit into a size_t */
static void *newarray (lua_State *L, unsigned long long n, size_t size) {
  luaL_argcheck(L, n < INT_MAX / 32, PFD_OPTIONS, "too large");
  size_t room = ((size_t)n + 1) * size;
  void *array = lua_newuserdatauv(L, room, 0);
  memset(array, 0, room);
  pfd_plan_keep(L);
  return array;
}


static const char *tostring (lua_State *L, const char *key) {
  size_t length;
  pfd_plan_wanttype(L, key, LUA_TSTRING);
  const char *s = lua_tolstring(L, -1, &length);
  if (strlen(s) != length)
    pfd_plan_bad(L, key, "contains a zero");
  pfd_plan_keep(L);
  return s;
}


static lua_Integer tointeger (lua_State *L, const char *key, lua_Integer lo,
                              lua_Integer hi) {
  int isinteger;
  pfd_plan_wanttype(L, key, LUA_TNUMBER);
  lua_Integer n = lua_tointegerx(L, -1, &isinteger);
  if (!isinteger)
    pfd_plan_bad(L, key, "number has no integer representation");
  if (n < lo || n > hi)
    pfd_plan_bad(L, key, "out of range");
  lua_pop(L, 1);
  return n;
}


static int toboolean (lua_State *L, const char *key) {
  pfd_plan_wanttype(L, key, LUA_TBOOLEAN);
  int b = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return b;
}


static int tosignal (lua_State *L, const char *key) {
  if (lua_type(L, -1) != LUA_TSTRING)
    return (int)tointeger(L, key, 0, INT_MAX);
  const char *name = tostring(L, key);
  int sig = pfd_constants_findsignal(name);
  if (sig < 0)
    pfd_plan_bad(L, key, lua_pushfstring(L, "invalid signal '%s'", name));
  return sig;
}


/* what is borrowed is looked at again before the launch, see 'check' */
static int todescriptor (lua_State *L, const char *key, Borrowed *b) {
  const char *reason;
  int fd = pfd_borrow_try(L, &reason);
  if (fd < 0 && reason == NULL)
    reason =
      lua_pushfstring(L, "descriptor expected, got %s", luaL_typename(L, -1));
  if (fd < 0)
    pfd_plan_bad(L, key, reason);
  pfd_plan_keep(L);
  *b = (Borrowed){.fd = fd, .name = key};
  b->at = (lua_Integer)lua_rawlen(L, PFD_KEPT);
  return fd;
}

/* }=================================================================== */


/*
** {=====================================================================
** options; each reads the value on top, and pops it
** ======================================================================
*/

static void readcwd (lua_State *L, Plan *plan, const char *key) {
  plan->launch.cwd = tostring(L, key);
}


static void readpath (lua_State *L, Plan *plan, const char *key) {
  const char **files = (const char **)newarray(L, 1, sizeof(char *));
  lua_pushvalue(L, -1);
  files[0] = tostring(L, key);
  lua_pop(L, 1);
  plan->launch.files = files;
}


static void checkname (lua_State *L, const char *key, const char *name) {
  if (*name == '\0' || strchr(name, '=') != NULL)
    pfd_plan_bad(L, key, lua_pushfstring(L, "'%s' cannot be a name", name));
}


/* assumes name and value on top, and pops the value; keeps "name=value" */
static const char *readvariable (lua_State *L, const char *key) {
  lua_pushvalue(L, -2); /* name, value, name */
  const char *name = tostring(L, key);
  checkname(L, key, name);
  key = lua_pushfstring(L, "%s.%s", key, name);
  lua_insert(L, -2); /* name, key, value */
  const char *value = tostring(L, key);
  lua_pushfstring(L, "%s=%s", name, value);
  const char *variable = tostring(L, key);
  lua_pop(L, 1);
  return variable;
}


/* a table is copied before it is read, so that its fields can be counted */
static size_t totable (lua_State *L, const char *key) {
  pfd_plan_wanttype(L, key, LUA_TTABLE);
  pfd_copy_table(L, PFD_OPTIONS);
  return pfd_copy_count(L);
}


/* the same for "name=value", or for "name" where the value is false */
static const char *readchange (lua_State *L, const char *key) {
  if (lua_type(L, -1) != LUA_TBOOLEAN || lua_toboolean(L, -1))
    return readvariable(L, key);
  lua_pop(L, 1);
  lua_pushvalue(L, -1);
  const char *name = tostring(L, key);
  checkname(L, key, name);
  return name;
}


static void readsetenv (lua_State *L, Plan *plan, const char *key) {
  size_t room = totable(L, key);
  const char **changes = (const char **)newarray(L, room, sizeof(char *));
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, -2);)
    changes[n++] = readchange(L, key);
  lua_pop(L, 1);
  plan->launch.changes = changes;
}


static void readenv (lua_State *L, Plan *plan, const char *key) {
  size_t room = totable(L, key);
  const char **envp = (const char **)newarray(L, room, sizeof(char *));
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, -2);)
    envp[n++] = readvariable(L, key);
  lua_pop(L, 1);
  plan->launch.envp = envp;
}


static Stream readstream (lua_State *L, Plan *plan, const char *key, int i) {
  static const char *const words[] = {"inherit", "null", "pipe", "stdout"};
  if (lua_type(L, -1) != LUA_TSTRING)
    return (Stream){.kind = PFD_BORROW,
                    .fd = todescriptor(L, key, &plan->single[i])};
  const char *word = tostring(L, key);
  for (int kind = PFD_INHERIT; kind <= (i == 2 ? PFD_STDOUT : PFD_PIPE); kind++)
    if (strcmp(word, words[kind]) == 0)
      return (Stream){.kind = (Kind)kind};
  pfd_plan_bad(L, key, lua_pushfstring(L, "invalid option '%s'", word));
  return (Stream){.kind = PFD_CLOSED};
}


static void readstdin (lua_State *L, Plan *plan, const char *key) {
  plan->streams[0] = readstream(L, plan, key, 0);
}


static void readstdout (lua_State *L, Plan *plan, const char *key) {
  plan->streams[1] = readstream(L, plan, key, 1);
}


static void readstderr (lua_State *L, Plan *plan, const char *key) {
  plan->streams[2] = readstream(L, plan, key, 2);
}


/* assumes the table is on top */
static void readfds (lua_State *L, Plan *plan, const char *key) {
  size_t n = totable(L, key);
  plan->extra = (Move *)newarray(L, n, sizeof(Move));
  plan->each = (Borrowed *)newarray(L, n, sizeof(Borrowed));
  for (lua_pushnil(L); lua_next(L, -2);) {
    size_t i = plan->nextra++;
    Move *m = &plan->extra[i];
    lua_pushvalue(L, -2); /* number, descriptor, number */
    m->to = (int)tointeger(L, key, 3, INT_MAX - 1);
    lua_pushfstring(L, "%s[%d]", key, m->to);
    m->name = tostring(L, key);
    m->from = todescriptor(L, m->name, &plan->each[i]);
  }
  lua_pop(L, 1);
}


static void readgroups (lua_State *L, Plan *plan, const char *key) {
  size_t n = totable(L, key);
  if (n != lua_rawlen(L, -1))
    pfd_plan_bad(L, key, "list expected");
  gid_t *groups = (gid_t *)newarray(L, n, sizeof(gid_t));
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    groups[i] = (gid_t)tointeger(L, key, 0, MAXID);
  }
  plan->launch.setgroups = 1;
  plan->launch.groups = groups;
  plan->launch.ngroups = n;
  lua_pop(L, 1);
}


static void readgid (lua_State *L, Plan *plan, const char *key) {
  plan->launch.setgid = 1;
  plan->launch.gid = (gid_t)tointeger(L, key, 0, MAXID);
}


static void readuid (lua_State *L, Plan *plan, const char *key) {
  plan->launch.setuid = 1;
  plan->launch.uid = (uid_t)tointeger(L, key, 0, MAXID);
}


static void readpgroup (lua_State *L, Plan *plan, const char *key) {
  plan->launch.setpgid = 1;
  plan->launch.pgroup = (pid_t)tointeger(L, key, 0, INT_MAX);
}


static void readsession (lua_State *L, Plan *plan, const char *key) {
  plan->launch.setsid = toboolean(L, key);
}


static void readpdeathsig (lua_State *L, Plan *plan, const char *key) {
  plan->launch.pdeathsig = tosignal(L, key);
}


static void readnnp (lua_State *L, Plan *plan, const char *key) {
  plan->launch.nnp = toboolean(L, key);
}


static void readcgroup (lua_State *L, Plan *plan, const char *key) {
  if (lua_type(L, -1) == LUA_TSTRING)
    plan->cgroup = tostring(L, key);
  else
    plan->launch.cgroup = todescriptor(L, key, &plan->single[3]);
}


static void readumask (lua_State *L, Plan *plan, const char *key) {
  plan->launch.setumask = 1;
  plan->launch.umask = (unsigned int)tointeger(L, key, 0, 0777);
}


static void readnice (lua_State *L, Plan *plan, const char *key) {
  plan->launch.nice = (int)tointeger(L, key, -20, 19);
}


static void readoom (lua_State *L, Plan *plan, const char *key) {
  int score = (int)tointeger(L, key, -1000, 1000);
  Launch *l = &plan->launch;
  l->oomlength = (size_t)snprintf(l->oom, PFD_OOMSIZE, "%d", score);
}


/* whether it is open in the child is known when all is read: 'checkctty' */
static void readctty (lua_State *L, Plan *plan, const char *key) {
  plan->launch.setctty = 1;
  plan->launch.ctty = (int)tointeger(L, key, 0, INT_MAX);
}


/* instead of those that stay ignored by default */
static void readkeepsignals (lua_State *L, Plan *plan, const char *key) {
  size_t n = totable(L, key);
  if (lua_rawlen(L, -1) != n)
    pfd_plan_bad(L, key, "list expected");
  plan->launch.keepsignals = 0;
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    int sig = tosignal(L, key);
    if (sig >= 1 && sig <= 64)
      plan->launch.keepsignals |= PFD_SIGNALBIT(sig);
    else
      pfd_plan_bad(L, key, "out of range");
  }
  lua_pop(L, 1);
}


/* 64 bits, also where Lua's integers have less */
static unsigned long long tolimit (lua_State *L, const char *key) {
  if (lua_type(L, -1) == LUA_TSTRING) {
    const char *word = tostring(L, key);
    if (strcmp(word, "unlimited") != 0)
      pfd_plan_bad(L, key, lua_pushfstring(L, "invalid limit '%s'", word));
    return PFD_UNLIMITED;
  }
  pfd_plan_wanttype(L, key, LUA_TNUMBER);
  lua_Number n = lua_tonumber(L, -1);
  if (!(n >= 0 && n < 0x1p63)) /* also what is no number */
    pfd_plan_bad(L, key, "out of range");
  int isinteger = lua_isinteger(L, -1);
  unsigned long long limit = isinteger
                               ? (unsigned long long)lua_tointeger(L, -1)
                               : (unsigned long long)n;
  if (!isinteger && (lua_Number)limit != n)
    pfd_plan_bad(L, key, "number has no integer representation");
  lua_pop(L, 1);
  return limit;
}


/* soft and hard limit, or one number for both */
static void readlimit (lua_State *L, const char *key, Limit *limit) {
  if (lua_type(L, -1) != LUA_TTABLE) {
    limit->soft = limit->hard = tolimit(L, key);
    return;
  }
  if (totable(L, key) != 2 || lua_rawlen(L, -1) != 2)
    pfd_plan_bad(L, key, "soft and hard limit expected");
  lua_rawgeti(L, -1, 1);
  limit->soft = tolimit(L, key);
  lua_rawgeti(L, -1, 2);
  limit->hard = tolimit(L, key);
  lua_pop(L, 1);
}


/* assumes the table on top, in which some name is no limit's */
static void badlimit (lua_State *L, const char *key) {
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    const char *name = luaL_tolstring(L, -2, NULL);
    const Resource *r = resources;
    while (r->name != NULL && strcmp(r->name, name) != 0)
      r++;
    if (r->name == NULL)
      pfd_plan_bad(L, key, lua_pushfstring(L, "no limit '%s'", name));
    lua_pop(L, 1);
  }
  pfd_plan_bad(L, key, "no limit has such a name"); /* with a zero in it */
}


/* each name is looked for, so that the order is always the same */
static void readrlimits (lua_State *L, Plan *plan, const char *key) {
  size_t n = totable(L, key), found = 0;
  Limit *limits = (Limit *)newarray(L, PFD_NRESOURCES, sizeof(Limit));
  for (const Resource *r = resources; r->name != NULL; r++) {
    lua_pushstring(L, r->name);
    if (lua_rawget(L, -2) == LUA_TNIL) {
      lua_pop(L, 1);
      continue;
    }
    const char *path = lua_pushfstring(L, "%s.%s", key, r->name);
    lua_insert(L, -2);
    limits[found] = (Limit){.resource = r->number, .name = r->name};
    readlimit(L, path, &limits[found++]);
    lua_pop(L, 1);
  }
  if (found < n)
    badlimit(L, key);
  lua_pop(L, 1);
  plan->launch.limits = limits;
  plan->launch.nlimits = found;
}


static void readautoreap (lua_State *L, Plan *plan, const char *key) {
  plan->launch.autoreap = toboolean(L, key);
}


static void readautokill (lua_State *L, Plan *plan, const char *key) {
  plan->launch.autokill = toboolean(L, key);
}

/* }=================================================================== */


typedef struct Option {
  const char *key;
  void (*read)(lua_State *L, Plan *plan, const char *key);
} Option;

/* clang-format off */
static const Option options[] = {
  {"path", readpath},     /* the file, if not argv[0] names it */
  {"env", readenv},       /* the whole environment */
  {"cwd", readcwd},       /* the directory */
  {"stdin", readstdin},   /* descriptors 0, */
  {"stdout", readstdout}, /* 1, */
  {"stderr", readstderr}, /* 2, */
  {"fds", readfds},       /* and from 3 up */
  {"session", readsession},
  {"pgroup", readpgroup},
  {"pdeathsig", readpdeathsig},
  {"groups", readgroups},
  {"gid", readgid},
  {"uid", readuid},
  {"nnp", readnnp},
  {"ctty", readctty}, /* its terminal */
  {"setenv", readsetenv}, /* changes to the environment */
  {"umask", readumask},
  {"nice", readnice},
  {"oom_score_adj", readoom},
  {"rlimits", readrlimits},
  {"keepsignals", readkeepsignals},
  {"cgroup", readcgroup},     /* where it starts */
  {"autoreap", readautoreap}, /* how it dies */
  {"autokill", readautokill},
  {NULL, NULL},
};
/* clang-format on */


/* assumes a key and its value on top */
static int isoption (lua_State *L) {
  size_t length;
  if (lua_type(L, -2) != LUA_TSTRING)
    return 0;
  const char *key = lua_tolstring(L, -2, &length);
  const Option *o = options;
  while (o->key != NULL && strcmp(o->key, key) != 0)
    o++;
  return o->key != NULL && strlen(key) == length;
}


/* every key is an argument's number or an option's name */
static void checkkeys (lua_State *L) {
  lua_Integer n = (lua_Integer)lua_rawlen(L, PFD_OPTIONS);
  for (lua_pushnil(L); lua_next(L, PFD_OPTIONS); lua_pop(L, 1)) {
    lua_Integer i = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
    if (!isoption(L) && (i < 1 || i > n))
      pfd_plan_bad(L, luaL_tolstring(L, -2, NULL), "unknown key");
  }
}


static void readoptions (lua_State *L, Plan *plan) {
  for (const Option *o = options; o->key != NULL; o++) {
    lua_pushstring(L, o->key);
    if (lua_rawget(L, PFD_OPTIONS) == LUA_TNIL)
      lua_pop(L, 1);
    else
      o->read(L, plan, o->key);
  }
}


static void readarguments (lua_State *L, Plan *plan) {
  unsigned long long n = lua_rawlen(L, PFD_OPTIONS);
  luaL_argcheck(L, n > 0, PFD_OPTIONS, "no program");
  const char **argv = (const char **)newarray(L, n, sizeof(char *));
  for (int i = 0; i < (int)n; i++) {
    lua_rawgeti(L, PFD_OPTIONS, (lua_Integer)i + 1);
    const char *key = lua_pushfstring(L, "[%d]", i + 1);
    lua_insert(L, -2);
    argv[i] = tostring(L, key);
    lua_pop(L, 1);
  }
  plan->launch.argv = argv;
}


static size_t countchar (const char *s, char c) {
  size_t n = 0;
  while ((s = strchr(s, c)) != NULL) {
    s++;
    n++;
  }
  return n;
}


static const char *currentpath (void) {
  const char *path = getenv("PATH");
  return (path != NULL) ? path : "/bin:/usr/bin";
}


/*
** A finalizer may call setenv(3), and then what getenv(3) has returned is
** freed memory. So room is made first, for twice as much, and then the path
** is asked for again and copied, with no allocation in between.
*/
static const char *copypath (lua_State *L) {
  for (;;) {
    size_t room = 2 * strlen(currentpath()) + 1;
    char *copy = (char *)newarray(L, room, 1);
    const char *path = currentpath();
    size_t length = strlen(path);
    if (length < room)
      return (const char *)memcpy(copy, path, length + 1);
  }
}


/* as execvp(3): a name with a slash is a path, an empty place is here */
static void searchpath (lua_State *L, Plan *plan, const char *name) {
  int ispath = strchr(name, '/') != NULL || *name == '\0';
  const char *path = ispath ? "" : copypath(L);
  size_t n = countchar(path, ':') + 1;
  const char **files = (const char **)newarray(L, n, sizeof(char *));
  for (size_t i = 0; i < n; i++) {
    size_t length = strcspn(path, ":");
    lua_pushlstring(L, path, length);
    lua_pushstring(L, (length > 0) ? "/" : "");
    lua_pushstring(L, name);
    lua_concat(L, 3);
    files[i] = tostring(L, "[1]");
    path += length + 1;
  }
  plan->launch.files = files;
}


/*
** A process that changes its user keeps its groups, and root's groups give
** access to what is root's. So who may set the groups has to name them. One
** without CAP_SETGID cannot, and is not asked to.
*/
static void checkgroups (lua_State *L, const Plan *plan) {
  const Launch *l = &plan->launch;
  if (!l->setuid || l->setgroups || l->uid == pfd_sys_geteuid())
    return;
  if (pfd_sys_hascapability(CAP_SETGID))
    pfd_plan_bad(L, "groups",
                 lua_pushfstring(L,
                                 "say which groups user %I is to have, such as "
                                 "groups = {}",
                                 (LUAI_UACINT)l->uid));
}


/* the terminal of a session, and a descriptor that the child has */
static void checkctty (lua_State *L, const Plan *plan) {
  const Launch *l = &plan->launch;
  if (!l->setctty)
    return;
  if (!l->setsid)
    pfd_plan_bad(L, "ctty", "takes session = true");
  int found = l->ctty < 3;
  for (size_t i = 0; i < plan->nextra; i++)
    found = found || plan->extra[i].to == l->ctty;
  if (!found)
    pfd_plan_bad(L, "ctty", lua_pushfstring(L, "%d is not in fds", l->ctty));
}


/* has the object the same descriptor still? */
static int check (lua_State *L, const Borrowed *b, Failure *failure) {
  if (b->at == 0) /* nothing was borrowed for this */
    return 0;
  lua_rawgeti(L, PFD_KEPT, b->at);
  int isheld = pfd_borrow_isheld(L, b->fd);
  lua_pop(L, 1);
  if (isheld)
    return 0;
  *failure = (Failure){.step = "dup", .what = b->name};
  return -EBADF;
}


int pfd_plan_check (lua_State *L, const Plan *plan, Failure *failure) {
  int rc = 0;
  for (int i = 0; i < PFD_NSINGLE && rc == 0; i++)
    rc = check(L, &plan->single[i], failure);
  for (size_t i = 0; i < plan->nextra && rc == 0; i++)
    rc = check(L, &plan->each[i], failure);
  return rc;
}


void pfd_plan_read (lua_State *L, Plan *plan) {
  *plan = (Plan){.launch = {.cgroup = -1, .keepsignals = PFD_KEEPSIGNALS}};
  lua_pushvalue(L, PFD_OPTIONS);
  pfd_copy_table(L, PFD_OPTIONS);
  lua_replace(L, PFD_OPTIONS);
  checkkeys(L);
  readarguments(L, plan);
  readoptions(L, plan);
  checkgroups(L, plan);
  checkctty(L, plan);
  if (plan->launch.files == NULL)
    searchpath(L, plan, plan->launch.argv[0]);
  plan->launch.moves = (Move *)newarray(L, 3 + plan->nextra, sizeof(Move));
}
