#define _GNU_SOURCE /* O_PATH */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../compat.h"

#include "../linux/launch.h"
#include "../linux/sys.h"
#include "arg.h"
#include "expect.h"
#include "handle.h"
#include "option.h"
#include "plan.h"
#include "result.h"
#include "start.h"

static const char *const streamnames[] = {"stdin", "stdout", "stderr"};


static Handle *newtheirs (lua_State *L, Opened *opened) {
  Handle *h = pfd_handle_new(L, PFD_FD);
  pfd_option_keep(L);
  opened->handles[opened->ntheirs++] = h;
  return h;
}


/* it stays on the stack */
static Handle *newours (lua_State *L, Opened *opened, int stream) {
  Handle *h = pfd_handle_new(L, PFD_FD);
  opened->at[stream] = lua_gettop(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, PFD_PIPES, streamnames[stream]);
  return h;
}


/* raises if the debug library has put something else there */
static Handle *getours (lua_State *L, const Opened *opened, int stream) {
  if (pfd_handle_type(L, opened->at[stream]) != PFD_FD)
    luaL_error(L, "spawn: values have been taken away");
  return (Handle *)lua_touserdata(L, opened->at[stream]);
}


/* take the descriptor from a handle, which is as a new one then */
static int hide (Handle *h) {
  int fd = h->fd;
  h->fd = -1;
  return fd;
}


static void hideall (lua_State *L, Opened *opened) {
  Handle *ours[3];
  for (int i = 0; i < 3; i++)
    ours[i] = (opened->at[i] != 0) ? getours(L, opened, i) : NULL;
  for (int i = 0; i < 3; i++)
    if (ours[i] != NULL)
      opened->ours[i] = hide(ours[i]);
  for (int i = 0; i < opened->ntheirs; i++)
    opened->theirs[i] = hide(opened->handles[i]);
  if (opened->hascgroup)
    opened->cgroup = opened->theirs[--opened->ntheirs];
}


static void closenumber (int *fd) {
  if (*fd >= 0)
    (void)pfd_sys_close(*fd);
  *fd = -1;
}


static void closetheirs (Opened *opened) {
  while (opened->ntheirs > 0)
    closenumber(&opened->theirs[--opened->ntheirs]);
}


static void closeall (Opened *opened) {
  closetheirs(opened);
  closenumber(&opened->cgroup);
  for (int i = 0; i < 3; i++)
    closenumber(&opened->ours[i]);
}


/* a descriptor of the child's, or -errno */
static int openpath (lua_State *L, Opened *opened, const char *path,
                     int flags) {
  Handle *h = newtheirs(L, opened);
  int rc, tries = 0;
  do
    rc = pfd_sys_openat(AT_FDCWD, path, flags);
  while (pfd_handle_retry(L, rc, &tries));
  h->fd = rc;
  return rc;
}


/* the child reads its stdin, and writes the other two */
static int openpipe (lua_State *L, Opened *opened, int stream) {
  Handle *ours = newours(L, opened, stream);
  Handle *theirs = newtheirs(L, opened);
  int ends[2];
  int rc, tries = 0;
  do
    rc = pfd_sys_pipe(ends);
  while (pfd_handle_retry(L, rc, &tries));
  if (rc < 0)
    return rc;
  ours->fd = ends[stream == 0];
  theirs->fd = ends[stream != 0];
  return theirs->fd;
}


/* set what the child is to have as that stream; a closed one stays closed */
static int openstream (lua_State *L, Opened *opened, Plan *plan, int i) {
  Stream *s = &plan->streams[i];
  switch (s->kind) {
  case PFD_INHERIT:
    s->fd = i;
    break;
  case PFD_NULL:
    s->fd = openpath(L, opened, "/dev/null", O_RDWR);
    break;
  case PFD_PIPE:
    s->fd = openpipe(L, opened, i);
    break;
  case PFD_STDOUT:
    *s = plan->streams[1];
    break;
  default: /* PFD_BORROW has it, PFD_CLOSED has none */
    break;
  }
  return (s->kind == PFD_CLOSED) ? 0 : s->fd;
}


/*
** If stdin, stdout or stderr is closed here, a descriptor that this module
** opens can get its number. The child must not inherit that as its stream, so
** such a stream is closed in the child. Only a descriptor that is not
** close-on-exec is inherited.
*/
static void skipclosed (Plan *plan) {
  for (int i = 0; i < 3; i++)
    if (plan->streams[i].kind == PFD_INHERIT && !pfd_sys_isinherited(i))
      plan->streams[i].kind = PFD_CLOSED;
}


/* a closed one is refused before something to come takes its number */
static int checkborrowed (const Plan *plan, Failure *failure) {
  for (int i = 0; i < 3; i++) {
    const Stream *s = &plan->streams[i];
    *failure = (Failure){.step = "dup", .what = streamnames[i]};
    if (s->kind == PFD_BORROW && !pfd_sys_isopen(s->fd))
      return -EBADF;
  }
  for (size_t i = 0; i < plan->nextra; i++) {
    *failure = (Failure){.step = "dup", .what = plan->extra[i].name};
    if (!pfd_sys_isopen(plan->extra[i].from))
      return -EBADF;
  }
  return 0;
}


/* what is borrowed is duplicated, so that the pidfd has one of its own */
static int dupborrowed (lua_State *L, Opened *opened, int fd) {
  Handle *h = newtheirs(L, opened);
  int rc, tries = 0;
  do
    rc = pfd_sys_dup(fd);
  while (pfd_handle_retry(L, rc, &tries));
  h->fd = rc;
  return rc;
}


static int opencgroup (lua_State *L, Opened *opened, Plan *plan,
                       Failure *failure) {
  int fd = plan->launch.cgroup, rc;
  if (plan->cgroup == NULL && fd < 0)
    return 0;
  if (plan->cgroup != NULL) {
    *failure = (Failure){.step = "open", .what = plan->cgroup};
    plan->launch.cgroupname = plan->cgroup;
    rc = openpath(L, opened, plan->cgroup, O_PATH | O_DIRECTORY);
  }
  else {
    plan->launch.cgroupname = lua_pushfstring(L, "%d", fd);
    *failure = (Failure){.step = "cgroup", .what = plan->launch.cgroupname};
    pfd_option_keep(L);
    rc = dupborrowed(L, opened, fd);
  }
  opened->hascgroup = 1;
  plan->launch.cgroup = rc;
  return rc;
}


static int openall (lua_State *L, Opened *opened, Plan *plan,
                    Failure *failure) {
  int rc = checkborrowed(plan, failure);
  skipclosed(plan);
  for (int i = 0; i < 3 && rc >= 0; i++) {
    int ispipe = (plan->streams[i].kind == PFD_PIPE);
    *failure =
      (Failure){.step = ispipe ? "pipe2" : "open", .what = streamnames[i]};
    rc = openstream(L, opened, plan, i);
  }
  return (rc >= 0) ? opencgroup(L, opened, plan, failure) : rc;
}


static int bytarget (const void *one, const void *other) {
  return ((const Move *)one)->to - ((const Move *)other)->to;
}


static void arrange (Plan *plan) {
  Launch *l = &plan->launch;
  for (int i = 0; i < 3; i++)
    if (plan->streams[i].kind != PFD_CLOSED)
      l->moves[l->nmoves++] =
        (Move){.from = plan->streams[i].fd, .to = i, .name = streamnames[i]};
  for (size_t i = 0; i < plan->nextra; i++)
    l->moves[l->nmoves++] = plan->extra[i];
  qsort(l->moves, l->nmoves, sizeof(Move), bytarget);
}


void pfd_program_begin (lua_State *L) {
  luaL_checktype(L, PFD_OPTIONS, LUA_TTABLE);
  if (!pfd_arg_isabsent(L, PFD_OPTIONS + 1))
    pfd_expect_arg(L, PFD_OPTIONS + 1, "nothing but one table");
  lua_settop(L, PFD_OPTIONS);
  lua_newtable(L);
  lua_newtable(L);
}


void pfd_program_read (lua_State *L, Plan *plan, const char *const *more) {
  pfd_plan_read(L, plan, more);
  lua_settop(L, PFD_PIPES);
}


int pfd_program_start (lua_State *L, Plan *plan, Opened *opened,
                       Failure *failure) {
  Launching l;
  *opened = (Opened){.ours = {-1, -1, -1}, .cgroup = -1};
  int rc = openall(L, opened, plan, failure);
  if (rc >= 0)
    pfd_start_prepare(L, &l);
  hideall(L, opened);
  if (rc >= 0) {
    arrange(plan);
    rc = pfd_start(L, &l, plan, failure);
  }
  if (rc < 0)
    closeall(opened);
  else
    closetheirs(opened);
  return rc;
}


/* the debug library may have put something else in the place of a handle */
void pfd_program_give (lua_State *L, Opened *opened) {
  for (int i = 0; i < 3; i++) {
    int at = opened->at[i];
    if (at == 0)
      continue;
    Handle *h = (Handle *)lua_touserdata(L, at);
    if (pfd_handle_type(L, at) == PFD_FD && h->fd < 0)
      h->fd = opened->ours[i];
    else
      (void)pfd_sys_close(opened->ours[i]);
  }
}


int pfd_program_fail (lua_State *L, const char *name, const Failure *failure,
                      int rc) {
  const char *about = (failure->what != NULL) ? failure->what : "";
  const char *space = (failure->what != NULL) ? " " : "";
  const char *call =
    lua_pushfstring(L, "%s: %s%s%s", name, failure->step, space, about);
  if (failure->since != NULL)
    return pfd_fail_before(L, call, failure->since, rc);
  if (failure->hint[0] != '\0')
    return pfd_fail_hint(L, call, failure->hint, rc);
  return (strncmp(about, "/proc/", 6) == 0) ? pfd_fail_proc(L, call, rc)
                                            : pfd_fail(L, call, rc);
}
