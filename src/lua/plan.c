#include "plan.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../compat.h"

#include "../linux/sys.h"
#include "borrow.h"
#include "copy.h"
#include "expect.h"
#include "option.h"
#include "rlimits.h"

/* the highest user or group id; the next one means "leave it" */
#define MAXID 0xFFFFFFFELL

/*
** {=====================================================================
** options; each reads the value on top, and pops it
** ======================================================================
*/

static void readcwd (lua_State *L, Plan *plan, const char *key) {
  plan->launch.cwd = pfd_option_string(L, key);
}


static void readpath (lua_State *L, Plan *plan, const char *key) {
  const char **files = (const char **)pfd_option_array(L, 1, sizeof(char *));
  lua_pushvalue(L, -1);
  files[0] = pfd_option_string(L, key);
  lua_pop(L, 1);
  plan->launch.files = files;
}


static void checkname (lua_State *L, const char *key, const char *name) {
  if (*name == '\0' || strchr(name, '=') != NULL) {
    lua_pushstring(L, name);
    pfd_option_expected(L, key, "name that has no '=' and is not empty");
  }
}


/* assumes name and value on top, and pops the value; keeps "name=value" */
static const char *readvariable (lua_State *L, const char *key) {
  lua_pushvalue(L, -2); /* name, value, name */
  const char *name = pfd_option_string(L, key);
  checkname(L, key, name);
  key = lua_pushfstring(L, "%s.%s", key, name);
  lua_insert(L, -2); /* name, key, value */
  const char *value = pfd_option_string(L, key);
  lua_pushfstring(L, "%s=%s", name, value);
  const char *variable = pfd_option_string(L, key);
  lua_pop(L, 1);
  return variable;
}


/* the same for "name=value", or for "name" where the value is false */
static const char *readchange (lua_State *L, const char *key) {
  if (lua_type(L, -1) != LUA_TBOOLEAN || lua_toboolean(L, -1))
    return readvariable(L, key);
  lua_pop(L, 1);
  lua_pushvalue(L, -1);
  const char *name = pfd_option_string(L, key);
  checkname(L, key, name);
  return name;
}


static void readsetenv (lua_State *L, Plan *plan, const char *key) {
  size_t room = pfd_option_table(L, key);
  const char **changes =
    (const char **)pfd_option_array(L, room, sizeof(char *));
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, -2);)
    changes[n++] = readchange(L, key);
  lua_pop(L, 1);
  plan->launch.changes = changes;
}


static void readenv (lua_State *L, Plan *plan, const char *key) {
  size_t room = pfd_option_table(L, key);
  const char **envp = (const char **)pfd_option_array(L, room, sizeof(char *));
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, -2);)
    envp[n++] = readvariable(L, key);
  lua_pop(L, 1);
  plan->launch.envp = envp;
}


static Stream readstream (lua_State *L, Plan *plan, const char *key, int i) {
  static const char *const words[] = {"inherit", "null", "pipe", NULL};
  static const char *const errwords[] = {"inherit", "null", "pipe", "stdout",
                                         NULL};
  const char *const *all = (i == 2) ? errwords : words;
  if (lua_type(L, -1) != LUA_TSTRING)
    return (Stream){.kind = PFD_BORROW,
                    .fd = pfd_option_descriptor(L, key, &plan->single[i])};
  return (Stream){.kind = (Kind)pfd_option_word(L, key, all)};
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
  size_t n = pfd_option_table(L, key);
  plan->extra = (Move *)pfd_option_array(L, n, sizeof(Move));
  plan->each = (Borrowed *)pfd_option_array(L, n, sizeof(Borrowed));
  for (lua_pushnil(L); lua_next(L, -2);) {
    size_t i = plan->nextra++;
    Move *m = &plan->extra[i];
    lua_pushvalue(L, -2); /* number, descriptor, number */
    m->to = (int)pfd_option_integer(L, key, 3, INT_MAX - 1);
    lua_pushfstring(L, "%s[%d]", key, m->to);
    m->name = pfd_option_string(L, key);
    m->from = pfd_option_descriptor(L, m->name, &plan->each[i]);
  }
  lua_pop(L, 1);
}


static void readgroups (lua_State *L, Plan *plan, const char *key) {
  size_t n = pfd_option_table(L, key);
  if (n != lua_rawlen(L, -1))
    pfd_option_bad(L, key, PFD_NOLIST);
  gid_t *groups = (gid_t *)pfd_option_array(L, n, sizeof(gid_t));
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    groups[i] = (gid_t)pfd_option_integer(L, key, 0, MAXID);
  }
  plan->launch.setgroups = 1;
  plan->launch.groups = groups;
  plan->launch.ngroups = n;
  lua_pop(L, 1);
}


static void readgid (lua_State *L, Plan *plan, const char *key) {
  plan->launch.setgid = 1;
  plan->launch.gid = (gid_t)pfd_option_integer(L, key, 0, MAXID);
}


static void readuid (lua_State *L, Plan *plan, const char *key) {
  plan->launch.setuid = 1;
  plan->launch.uid = (uid_t)pfd_option_integer(L, key, 0, MAXID);
}


static void readpgroup (lua_State *L, Plan *plan, const char *key) {
  plan->launch.setpgid = 1;
  plan->launch.pgroup = (pid_t)pfd_option_integer(L, key, 0, INT_MAX);
}


static void readsession (lua_State *L, Plan *plan, const char *key) {
  plan->launch.setsid = pfd_option_boolean(L, key);
}


static void readpdeathsig (lua_State *L, Plan *plan, const char *key) {
  plan->launch.pdeathsig = pfd_option_signal(L, key);
}


static void readnnp (lua_State *L, Plan *plan, const char *key) {
  plan->launch.nnp = pfd_option_boolean(L, key);
}


static void readcgroup (lua_State *L, Plan *plan, const char *key) {
  if (lua_type(L, -1) == LUA_TSTRING)
    plan->cgroup = pfd_option_string(L, key);
  else
    plan->launch.cgroup = pfd_option_descriptor(L, key, &plan->single[3]);
}


static void readumask (lua_State *L, Plan *plan, const char *key) {
  plan->launch.setumask = 1;
  plan->launch.umask = (unsigned int)pfd_option_integer(L, key, 0, 0777);
}


static void readnice (lua_State *L, Plan *plan, const char *key) {
  plan->launch.nice = (int)pfd_option_integer(L, key, -20, 19);
}


static void readoom (lua_State *L, Plan *plan, const char *key) {
  int score = (int)pfd_option_integer(L, key, -1000, 1000);
  Launch *l = &plan->launch;
  l->oomlength = (size_t)snprintf(l->oom, PFD_OOMSIZE, "%d", score);
}


/* whether it is open in the child is known when all is read: 'checkctty' */
static void readctty (lua_State *L, Plan *plan, const char *key) {
  plan->launch.setctty = 1;
  plan->launch.ctty = (int)pfd_option_integer(L, key, 0, INT_MAX);
}


/* instead of those that stay ignored by default */
static void readkeepsignals (lua_State *L, Plan *plan, const char *key) {
  size_t n = pfd_option_table(L, key);
  if (lua_rawlen(L, -1) != n)
    pfd_option_bad(L, key, PFD_NOLIST);
  plan->launch.keepsignals = 0;
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    int sig = pfd_option_signal(L, key);
    if (sig >= 1 && sig <= 64)
      plan->launch.keepsignals |= PFD_SIGNALBIT(sig);
    else
      pfd_option_bad(L, key, pfd_expect_number(L, "signal from 1 to 64", sig));
  }
  lua_pop(L, 1);
}


static void readrlimits (lua_State *L, Plan *plan, const char *key) {
  pfd_rlimits_read(L, &plan->launch, key);
}


static void readautoreap (lua_State *L, Plan *plan, const char *key) {
  plan->launch.autoreap = pfd_option_boolean(L, key);
}


static void readautokill (lua_State *L, Plan *plan, const char *key) {
  plan->launch.autokill = pfd_option_boolean(L, key);
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
    int isinteger;
    lua_Integer i = pfd_compat_integer(L, -2, &isinteger);
    if (pfd_expect_isname(L, -2, options, sizeof(*options)) ||
        (i >= 1 && i <= n)) /* 'i' is 0 if it is none */
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
    pfd_option_bad(L, "[1]", "name of a program expected, got nil");
  const char **argv = (const char **)pfd_option_array(L, n, sizeof(char *));
  for (int i = 0; i < (int)n; i++) {
    lua_rawgeti(L, PFD_OPTIONS, (lua_Integer)i + 1);
    const char *key = lua_pushfstring(L, "[%d]", i + 1);
    lua_insert(L, -2);
    argv[i] = pfd_option_string(L, key);
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
    char *copy = (char *)pfd_option_array(L, room, 1);
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
  const char **files = (const char **)pfd_option_array(L, n, sizeof(char *));
  for (size_t i = 0; i < n; i++) {
    size_t length = strcspn(path, ":");
    lua_pushlstring(L, path, length);
    lua_pushstring(L, (length > 0) ? "/" : "");
    lua_pushstring(L, name);
    lua_concat(L, 3);
    files[i] = pfd_option_string(L, "[1]");
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
    pfd_option_bad(L, "groups",
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
    pfd_option_bad(L, "ctty", "session = true expected with it, got none");
  int found = l->ctty < 3;
  for (size_t i = 0; i < plan->nextra; i++)
    found = found || plan->extra[i].to == l->ctty;
  if (!found)
    pfd_option_bad(L, "ctty",
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
  plan->launch.moves =
    (Move *)pfd_option_array(L, 3 + plan->nextra, sizeof(Move));
}
