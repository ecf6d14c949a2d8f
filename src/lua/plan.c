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
#include "expect.h"

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


/* raise about the value on top */
static void expected (lua_State *L, const char *key, const char *what) {
  pfd_plan_bad(L, key, pfd_expect(L, what, lua_gettop(L)));
}


/* a method of an object to borrow may change the options meanwhile */
void pfd_plan_keep (lua_State *L) {
  lua_rawseti(L, PFD_KEPT, (lua_Integer)lua_rawlen(L, PFD_KEPT) + 1);
}


/* the length of a list with holes may not fit into a size_t */
static void *newarray (lua_State *L, unsigned long long n, size_t size) {
  if (n > PFD_MAXFIELDS)
    pfd_copy_toolarge(L, PFD_OPTIONS, n);
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
    expected(L, key, PFD_NOZEROS);
  pfd_plan_keep(L);
  return s;
}


lua_Integer pfd_plan_integer (lua_State *L, const char *key, lua_Integer lo,
                              lua_Integer hi) {
  int isinteger;
  pfd_plan_wanttype(L, key, LUA_TNUMBER);
  lua_Integer n = lua_tointegerx(L, -1, &isinteger);
  if (!isinteger || n < lo || n > hi) {
    int value = lua_gettop(L);
    const char *what = pfd_expect_range(L, lo, hi);
    pfd_plan_bad(L, key, pfd_expect(L, what, value));
  }
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
    return (int)pfd_plan_integer(L, key, 0, INT_MAX);
  const char *name = tostring(L, key);
  int sig = pfd_constants_findsignal(name);
  if (sig < 0) {
    lua_pushstring(L, name);
    expected(L, key, PFD_SIGNALNAME);
  }
  return sig;
}


/* what is borrowed is looked at again before the launch, see 'check' */
static int todescriptor (lua_State *L, const char *key, Borrowed *b) {
  const char *reason;
  int fd = pfd_borrow_try(L, &reason);
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
  if (*name == '\0' || strchr(name, '=') != NULL) {
    lua_pushstring(L, name);
    expected(L, key, "name that has no '=' and is not empty");
  }
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


int pfd_plan_word (lua_State *L, const char *key, const char *const *words) {
  const char *word = tostring(L, key);
  int i = 0;
  while (words[i] != NULL && strcmp(word, words[i]) != 0)
    i++;
  if (words[i] == NULL) {
    const char *what = pfd_expect_names(L, words, sizeof(*words));
    lua_pushstring(L, word);
    expected(L, key, what);
  }
  return i;
}


static Stream readstream (lua_State *L, Plan *plan, const char *key, int i) {
  static const char *const words[] = {"inherit", "null", "pipe", NULL};
  static const char *const errwords[] = {"inherit", "null", "pipe", "stdout",
                                         NULL};
  const char *const *all = (i == 2) ? errwords : words;
  if (lua_type(L, -1) != LUA_TSTRING)
    return (Stream){.kind = PFD_BORROW,
                    .fd = todescriptor(L, key, &plan->single[i])};
  return (Stream){.kind = (Kind)pfd_plan_word(L, key, all)};
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
    m->to = (int)pfd_plan_integer(L, key, 3, INT_MAX - 1);
    lua_pushfstring(L, "%s[%d]", key, m->to);
    m->name = tostring(L, key);
    m->from = todescriptor(L, m->name, &plan->each[i]);
  }
  lua_pop(L, 1);
}


static void readgroups (lua_State *L, Plan *plan, const char *key) {
  size_t n = totable(L, key);
  if (n != lua_rawlen(L, -1))
    pfd_plan_bad(L, key, PFD_NOLIST);
  gid_t *groups = (gid_t *)newarray(L, n, sizeof(gid_t));
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    groups[i] = (gid_t)pfd_plan_integer(L, key, 0, MAXID);
  }
  plan->launch.setgroups = 1;
  plan->launch.groups = groups;
  plan->launch.ngroups = n;
  lua_pop(L, 1);
}


static void readgid (lua_State *L, Plan *plan, const char *key) {
  plan->launch.setgid = 1;
  plan->launch.gid = (gid_t)pfd_plan_integer(L, key, 0, MAXID);
}


static void readuid (lua_State *L, Plan *plan, const char *key) {
  plan->launch.setuid = 1;
  plan->launch.uid = (uid_t)pfd_plan_integer(L, key, 0, MAXID);
}


static void readpgroup (lua_State *L, Plan *plan, const char *key) {
  plan->launch.setpgid = 1;
  plan->launch.pgroup = (pid_t)pfd_plan_integer(L, key, 0, INT_MAX);
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
  plan->launch.umask = (unsigned int)pfd_plan_integer(L, key, 0, 0777);
}


static void readnice (lua_State *L, Plan *plan, const char *key) {
  plan->launch.nice = (int)pfd_plan_integer(L, key, -20, 19);
}


static void readoom (lua_State *L, Plan *plan, const char *key) {
  int score = (int)pfd_plan_integer(L, key, -1000, 1000);
  Launch *l = &plan->launch;
  l->oomlength = (size_t)snprintf(l->oom, PFD_OOMSIZE, "%d", score);
}


/* whether it is open in the child is known when all is read: 'checkctty' */
static void readctty (lua_State *L, Plan *plan, const char *key) {
  plan->launch.setctty = 1;
  plan->launch.ctty = (int)pfd_plan_integer(L, key, 0, INT_MAX);
}


/* instead of those that stay ignored by default */
static void readkeepsignals (lua_State *L, Plan *plan, const char *key) {
  size_t n = totable(L, key);
  if (lua_rawlen(L, -1) != n)
    pfd_plan_bad(L, key, PFD_NOLIST);
  plan->launch.keepsignals = 0;
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    int sig = tosignal(L, key);
    if (sig >= 1 && sig <= 64)
      plan->launch.keepsignals |= PFD_SIGNALBIT(sig);
    else
      pfd_plan_bad(L, key, pfd_expect_number(L, "signal from 1 to 64", sig));
  }
  lua_pop(L, 1);
}


#define LIMITVALUE "integer from 0 to 2^63 - 1 or 'unlimited'"

/* 64 bits, also where Lua's integers have less */
static unsigned long long tolimit (lua_State *L, const char *key) {
  if (lua_type(L, -1) == LUA_TSTRING) {
    const char *word = tostring(L, key);
    if (strcmp(word, "unlimited") != 0) {
      lua_pushstring(L, word);
      expected(L, key, LIMITVALUE);
    }
    return PFD_UNLIMITED;
  }
  lua_Number n = lua_tonumber(L, -1);
  if (lua_type(L, -1) != LUA_TNUMBER || !(n >= 0 && n < 0x1p63))
    expected(L, key, LIMITVALUE); /* also what is no number */
  int isinteger = lua_isinteger(L, -1);
  unsigned long long limit = isinteger
                               ? (unsigned long long)lua_tointeger(L, -1)
                               : (unsigned long long)n;
  if (!isinteger && (lua_Number)limit != n)
    expected(L, key, LIMITVALUE);
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
    pfd_plan_bad(L, key, "{soft, hard} expected, got another table");
  lua_rawgeti(L, -1, 1);
  limit->soft = tolimit(L, key);
  lua_rawgeti(L, -1, 2);
  limit->hard = tolimit(L, key);
  lua_pop(L, 1);
}


/* assumes the table on top, in which some name is no limit's */
static void badlimit (lua_State *L, const char *key) {
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    if (pfd_expect_isname(L, -2, resources, sizeof(*resources)))
      continue;
    const char *what = pfd_expect_names(L, resources, sizeof(*resources));
    lua_pushvalue(L, -3); /* name, limit, what */
    expected(L, key, what);
  }
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

#define PFD_NOPTIONS (sizeof(options) / sizeof(*options))


/* assumes the key on top; 'more' are the caller's own options */
static void badkey (lua_State *L, const char *const *more) {
  const char *names[PFD_NOPTIONS + PFD_MAXMORE];
  size_t n = 0;
  int key = lua_gettop(L);
  while (more[n] != NULL) {
    names[n] = more[n];
    n++;
  }
  for (const Option *o = options; o->key != NULL; o++)
    names[n++] = o->key;
  names[n] = NULL;
  const char *what = pfd_expect_names(L, names, sizeof(*names));
  what = lua_pushfstring(L, "number of an argument, %s", what);
  luaL_argerror(L, PFD_OPTIONS, pfd_expect(L, what, key));
}


/* every key is an argument's number or an option's name */
static void checkkeys (lua_State *L, const char *const *more) {
  lua_Integer n = (lua_Integer)lua_rawlen(L, PFD_OPTIONS);
  for (lua_pushnil(L); lua_next(L, PFD_OPTIONS); lua_pop(L, 1)) {
    lua_Integer i = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
    if (pfd_expect_isname(L, -2, options, sizeof(*options)) ||
        (i >= 1 && i <= n))
      continue;
    lua_pushvalue(L, -2);
    badkey(L, more);
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
  if (n == 0)
    pfd_plan_bad(L, "[1]", "name of a program expected, got nil");
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
                                 "list of those of user %I expected, such as "
                                 "{}, got nil",
                                 (LUAI_UACINT)l->uid));
}


/* the terminal of a session, and a descriptor that the child has */
static void checkctty (lua_State *L, const Plan *plan) {
  const Launch *l = &plan->launch;
  if (!l->setctty)
    return;
  if (!l->setsid)
    pfd_plan_bad(L, "ctty", "session = true expected with it, got none");
  int found = l->ctty < 3;
  for (size_t i = 0; i < plan->nextra; i++)
    found = found || plan->extra[i].to == l->ctty;
  if (!found)
    pfd_plan_bad(L, "ctty",
                 pfd_expect_number(L, "0 to 2 or a number in fds", l->ctty));
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


void pfd_plan_read (lua_State *L, Plan *plan, const char *const *more) {
  *plan = (Plan){.launch = {.cgroup = -1, .keepsignals = PFD_KEEPSIGNALS}};
  lua_pushvalue(L, PFD_OPTIONS);
  pfd_copy_table(L, PFD_OPTIONS);
  lua_replace(L, PFD_OPTIONS);
  checkkeys(L, more);
  readarguments(L, plan);
  readoptions(L, plan);
  checkgroups(L, plan);
  checkctty(L, plan);
  if (plan->launch.files == NULL)
    searchpath(L, plan, plan->launch.argv[0]);
  plan->launch.moves = (Move *)newarray(L, 3 + plan->nextra, sizeof(Move));
}
