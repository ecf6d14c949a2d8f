#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "../compat.h"

#include "../linux/sys.h"
#include "../lua/arg.h"
#include "../lua/block.h"
#include "../lua/constants.h"
#include "../lua/copy.h"
#include "../lua/expect.h"
#include "../lua/handle.h"
#include "../lua/job.h"
#include "../lua/option.h"
#include "../lua/plan.h"
#include "../lua/program.h"
#include "../lua/result.h"
#include "../lua/talk.h"
#include "../lua/usage.h"
#include "calls.h"

/* nanoseconds: how long, if nothing is said */
#define GRACE 2000000000LL
#define LINGER 200000000LL

/* on the stack, above the pipes: what the conversation is called with */
#define TALK (PFD_PIPES + 1)

/* the names under which they are kept: numbers depend on the other options */
#define INPUT "input"
#define TIMEOUT "timeout"


/*
** {=====================================================================
** options: those of spawn, and these, which are taken out of the table
** ======================================================================
*/

/* push the option; returns its type */
static int getoption (lua_State *L, const char *key) {
  lua_pushstring(L, key);
  return lua_rawget(L, PFD_OPTIONS);
}


/* set the option to the value on top, and pop that */
static void setoption (lua_State *L, const char *key) {
  lua_pushstring(L, key);
  lua_insert(L, -2);
  lua_rawset(L, PFD_OPTIONS);
}


/* push an option that 'spawn' does not have, and remove it; is it there? */
static int takeoption (lua_State *L, const char *key) {
  if (getoption(L, key) == LUA_TNIL) {
    lua_pop(L, 1);
    return 0;
  }
  lua_pushnil(L);
  setoption(L, key);
  return 1;
}


static long long taketime (lua_State *L, const char *key, long long time) {
  if (!takeoption(L, key))
    return time;
  pfd_option_wanttype(L, key, LUA_TNUMBER);
  if (!pfd_arg_totime(lua_tonumber(L, -1), &time))
    pfd_option_expected(L, key, PFD_SECONDS);
  lua_pop(L, 1);
  return time;
}


static size_t takelimit (lua_State *L) {
  if (!takeoption(L, "limit"))
    return SIZE_MAX;
  unsigned long long limit =
    (unsigned long long)pfd_option_integer(L, "limit", 0, LLONG_MAX);
  return (limit < SIZE_MAX) ? (size_t)limit : SIZE_MAX;
}


static Scope takescope (lua_State *L) {
  static const char *const words[] = {"process", "group", "cgroup", NULL};
  if (!takeoption(L, "scope"))
    return PFD_GROUP;
  return (Scope)pfd_option_word(L, "scope", words);
}


/*
** A session's first process leads a group of its own, too. A group that others
** belong to is not to be ended.
*/
static void setgroup (lua_State *L) {
  int hassession = getoption(L, "session") != LUA_TNIL && lua_toboolean(L, -1);
  int type = getoption(L, "pgroup");
  if (type == LUA_TNUMBER && lua_tonumber(L, -1) != 0)
    pfd_option_expected(L, "pgroup", "0 with scope 'group'");
  lua_pop(L, 2);
  if (type == LUA_TNIL && !hassession) {
    lua_pushinteger(L, 0);
    setoption(L, "pgroup");
  }
}


static void checkcgroup (lua_State *L) {
  if (getoption(L, "cgroup") == LUA_TNIL)
    pfd_option_bad(L, "scope",
                   "option 'cgroup' expected with 'cgroup', got nil");
  lua_pop(L, 1);
}


static int ispipe (lua_State *L, const char *key) {
  int type = getoption(L, key);
  const char *word = (type == LUA_TSTRING) ? lua_tostring(L, -1) : "";
  int is = strcmp(word, "pipe") == 0;
  lua_pop(L, 1);
  return is;
}


/* the value, unless there is one already */
static void setdefault (lua_State *L, const char *key, const char *value) {
  int type = getoption(L, key);
  lua_pop(L, 1);
  if (type == LUA_TNIL) {
    lua_pushstring(L, value);
    setoption(L, key);
  }
}


static void badstdin (lua_State *L) {
  (void)getoption(L, "stdin");
  const char *reason =
    pfd_expect(L, "stdin of 'pipe', or none,", lua_gettop(L));
  pfd_option_bad(L, "input", reason);
}


/* keep the input, "" if there is none, and say which streams are pipes */
static void setstreams (lua_State *L) {
  int hasinput = takeoption(L, "input");
  if (hasinput)
    pfd_option_wanttype(L, "input", LUA_TSTRING);
  else
    lua_pushliteral(L, "");
  lua_setfield(L, PFD_KEPT, INPUT);
  setdefault(L, "stdin", hasinput ? "pipe" : "null");
  if (hasinput && !ispipe(L, "stdin"))
    badstdin(L);
  if (!hasinput && ispipe(L, "stdin"))
    pfd_option_bad(L, "stdin", "option 'input' expected with 'pipe', got nil");
  setdefault(L, "stdout", "pipe");
  setdefault(L, "stderr", "pipe");
}


/* keep the number for the result, and return the deadline */
static long long setdeadline (lua_State *L) {
  (void)getoption(L, "timeout");
  lua_setfield(L, PFD_KEPT, TIMEOUT);
  long long time = taketime(L, "timeout", PFD_FOREVER);
  return (time == PFD_FOREVER) ? PFD_FOREVER : pfd_sys_now() + time;
}


static const char *const options[] = {"input", "timeout", "grace", "scope",
                                      "limit", "linger",  NULL};


/* read the options that are ours, and leave a table for 'spawn' */
static void readoptions (lua_State *L, Talk *talk) {
  lua_pushvalue(L, PFD_OPTIONS);
  pfd_copy_table(L, PFD_OPTIONS);
  lua_replace(L, PFD_OPTIONS);
  talk->grace = taketime(L, "grace", GRACE);
  talk->linger = taketime(L, "linger", LINGER);
  talk->scope = takescope(L);
  size_t limit = takelimit(L);
  for (int i = 0; i < 2; i++)
    talk->captures[i] = (Capture){.fd = -1, .limit = limit};
  setstreams(L);
  talk->deadline = setdeadline(L);
  if (talk->scope == PFD_GROUP)
    setgroup(L);
  if (talk->scope == PFD_CGROUP)
    checkcgroup(L);
}

/* }=================================================================== */


/*
** {=====================================================================
** the result
** ======================================================================
*/

static void setvalue (lua_State *L, const char *key, const char *value) {
  lua_pushstring(L, value);
  lua_setfield(L, -2, key);
}


/* the second copy of the output; the first is freed then */
static void setoutput (lua_State *L, const char *key, Capture *c) {
  pfd_capture_shrink(c);
  lua_pushlstring(L, (c->length > 0) ? c->data : "", c->length);
  lua_setfield(L, -2, key);
  pfd_capture_free(c);
}


static void setend (lua_State *L, const Talk *talk) {
  const End *end = &talk->process.end;
  int isgood = (end->how == PFD_EXIT && end->code == 0 && !talk->timedout);
  pfd_setboolean(L, "ok", isgood);
  setvalue(L, "how", pfd_end_word(end->how));
  if (end->how != PFD_UNKNOWN)
    pfd_setinteger(L, "code", end->code);
  if (talk->reaped) {
    pfd_usage_push(L, &talk->usage);
    lua_setfield(L, -2, "rusage");
  }
}


/* no userdata: it is in the frame of 'pfd_l_run' */
typedef struct Run {
  Talk talk;
  int captured[2];
  int rc; /* -errno if it has failed */
} Run;


static void setresult (lua_State *L, Run *run) {
  static const char *const names[] = {"stdout", "stderr"};
  Talk *talk = &run->talk;
  int truncated = talk->captures[0].truncated || talk->captures[1].truncated;
  setend(L, talk);
  pfd_setboolean(L, "timedout", talk->timedout);
  pfd_setboolean(L, "held", talk->held);
  pfd_setboolean(L, "truncated", truncated);
  for (int i = 0; i < 2; i++)
    if (run->captured[i])
      setoutput(L, names[i], &talk->captures[i]);
}


/* push a field of the table at 1 as text, "?" if it has none */
static const char *pushtext (lua_State *L, const char *key) {
  lua_pushstring(L, key);
  int type = lua_rawget(L, 1);
  if (type == LUA_TSTRING || type == LUA_TNUMBER)
    return luaL_tolstring(L, -1, NULL);
  lua_pushliteral(L, "?");
  return lua_tostring(L, -1);
}


static int istrue (lua_State *L, const char *key) {
  lua_pushstring(L, key);
  (void)lua_rawget(L, 1);
  int is = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is;
}


/* push the name of a signal, or its number where it has none */
static const char *pushsignal (lua_State *L) {
  const char *number = pushtext(L, "code");
  lua_pushstring(L, "code");
  (void)lua_rawget(L, 1);
  int isinteger;
  lua_Integer code = pfd_compat_integer(L, -1, &isinteger);
  if (!isinteger || code < 0 || code > INT_MAX)
    return number;
  const char *name = pfd_constants_signalname((int)code);
  return (name != NULL) ? name : number;
}


/* one line for a person: "sort: exit 2 (timed out after 5 s)" */
static int tostring (lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  const char *program = pushtext(L, "program");
  const char *how = pushtext(L, "how");
  const char *code = "";
  if (strcmp(how, "signal") == 0)
    code = pushsignal(L);
  else if (strcmp(how, "unknown") != 0)
    code = pushtext(L, "code");
  lua_pushfstring(L, "%s: %s%s%s", program, how, (*code == '\0') ? "" : " ",
                  code);
  int line = lua_gettop(L);
  if (istrue(L, "timedout"))
    lua_pushfstring(L, " (timed out after %s s)", pushtext(L, "timeout"));
  else
    lua_pushliteral(L, "");
  lua_pushvalue(L, line);
  lua_insert(L, -2);
  lua_concat(L, 2);
  return 1;
}


/* push the metatable of all results of this state */
static void pushmetatable (lua_State *L) {
  static char key;
  lua_pushlightuserdata(L, &key);
  if (lua_rawget(L, LUA_REGISTRYINDEX) == LUA_TTABLE)
    return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushliteral(L, "pidfd.result");
  lua_setfield(L, -2, "__name");
  lua_pushcfunction(L, tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushlightuserdata(L, &key);
  lua_pushvalue(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

/* }=================================================================== */


/* the run, the input, the program's name, the time-out: returns the result */
static int converse (lua_State *L) {
  Run *run = (Run *)pfd_arg_pointer(L, 1);
  run->rc = pfd_talk(L, 2, &run->talk);
  if (run->rc < 0)
    return 0;
  lua_createtable(L, 0, 12);
  setresult(L, run);
  lua_pushvalue(L, 3);
  lua_setfield(L, -2, "program");
  if (lua_toboolean(L, 4)) {
    lua_pushvalue(L, 4);
    lua_setfield(L, -2, "timeout");
  }
  pushmetatable(L);
  lua_setmetatable(L, -2);
  return 1;
}


/* push all that the conversation takes, as this may raise, before the start */
static void prepare (lua_State *L, Run *run) {
  pushmetatable(L);
  lua_settop(L, PFD_PIPES);
  lua_pushcfunction(L, converse);
  lua_pushlightuserdata(L, run);
  (void)lua_getfield(L, PFD_KEPT, INPUT);
  lua_rawgeti(L, PFD_OPTIONS, 1);
  (void)lua_getfield(L, PFD_KEPT, TIMEOUT);
}


/* our ends of the pipes are nobody else's, and so is their O_NONBLOCK */
static int takeover (Run *run, int pidfd, const Opened *opened) {
  run->talk.process.fd = pidfd;
  run->talk.process.cgroup = opened->cgroup;
  run->talk.supply.fd = opened->ours[0];
  for (int i = 0; i < 2; i++) {
    run->talk.captures[i].fd = opened->ours[i + 1];
    run->captured[i] = (opened->ours[i + 1] >= 0);
  }
  int rc = 0;
  run->talk.step = "fcntl";
  for (int i = 0; i < 3 && rc == 0; i++)
    if (opened->ours[i] >= 0)
      rc = pfd_sys_nonblock(opened->ours[i], 1);
  return rc;
}


static int failed (lua_State *L, const Run *run) {
  lua_rawgeti(L, PFD_OPTIONS, 1);
  const char *call =
    lua_pushfstring(L, "run %s: %s", lua_tostring(L, -1), run->talk.step);
  return pfd_fail(L, call, run->rc);
}


/*
** pidfd.run {program, arguments..., options}
** Start a program as 'pidfd.spawn' does, give it its input, collect what it
** writes, and wait for its end; all at the same time, so that nothing waits
** for the other. The options are those of spawn, and
**   input    string for stdin; without it, and without 'stdin', that is null
**   timeout  seconds for the whole; then the job is ended: SIGTERM to all of
**            it, and SIGKILL to what is left of it
**   grace    seconds between the two, 2 if absent
**   scope    what the job is: "group", as if absent, the process group of the
**            program, which it leads; "process", itself; "cgroup", all that
**            is in 'cgroup'
**   limit    how many bytes are kept of each output; more is read and dropped
**   linger   seconds to go on reading, once the program has ended, if somebody
**            still has its output, 0.2 if absent
** 'stdout' and 'stderr' are "pipe" if absent: collected.
**
** Returns a table:
**   ok         it has exited with 0, in time
**   how, code  as of p:wait
**   stdout, stderr  strings, where they were collected
**   timedout   the job was ended because its time was over
**   truncated  there was more output than 'limit'
**   held       somebody still had the output when we stopped reading
**   rusage     as of p:waitid, but nil if somebody else has waited for it
**   program, timeout  as they were given
** whose 'tostring' is a line about the end. Or fails as pidfd.spawn does; or,
** when it runs, with
**   ENOMEM     no memory for its output
**   EPERM      the time is over, and we may not signal it
**   ETIMEDOUT  it has not ended within five seconds of SIGKILL
**   EDEADLK    the time is over, and this process is in that 'cgroup' itself
**   EINVAL     the time is over, somebody else has waited for the program, and
**              its group cannot be reached (before Linux 6.9)
** and then the job is killed, as far as that can be.
**
** The program ends when it does: unless the time is over, what it has started
** lives on. Hooks run meanwhile; if one raises, the job is killed, and the
** error goes on. An input that is not read causes no SIGPIPE.
*/
int pfd_l_run (lua_State *L) {
  Run run = {.rc = 0};
  Plan plan;
  Opened opened;
  Failure failure;
  run.talk.process = (Handle){.fd = -1, .cgroup = -1};
  pfd_program_begin(L);
  readoptions(L, &run.talk);
  pfd_program_read(L, &plan, options);
  prepare(L, &run);
  int rc = pfd_program_start(L, &plan, &opened, &failure);
  if (rc == PFD_RAISED)
    return lua_error(L);
  if (rc < 0)
    return pfd_program_fail(L, "run", &failure, rc);
  int status = LUA_OK;
  run.rc = takeover(&run, rc, &opened);
  lua_settop(L, TALK + 4);
  if (run.rc == 0)
    status = lua_pcall(L, 4, 1, 0);
  pfd_talk_finish(&run.talk);
  if (status != LUA_OK)
    return lua_error(L);
  return (run.rc < 0) ? failed(L, &run) : 1;
}
