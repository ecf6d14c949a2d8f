/*
** A handle is a userdata that owns a descriptor: it is closed by
** 'close', by '__close' or by the collector, whichever comes first, and
** exactly once. There are two types: a pidfd, and any other descriptor
** that this module makes ("pidfd.fd"): one taken out of a process, a
** namespace, our end of a pipe. A pidfd has a second descriptor if the process
** was spawned into a cgroup: that of the cgroup's directory.
**
** A handle is made closed, with its metatable, before the system call
** that gives it something to own. A memory error can then only lose an
** empty handle, never a descriptor.
*/

#ifndef pfd_handle_h
#define pfd_handle_h

#include "../compat.h"
#include <errno.h>

#include "../linux/end.h"
#include "../linux/input.h"
#include "../linux/sys_call.h"

#pragma GCC visibility push(hidden)


/*
** The types, and where their metatables are among the upvalues that all
** functions of the module have: a check is then a comparison.
*/
typedef enum Type { PFD_NONE, PFD_PIDFD, PFD_FD } Type;

/* the upvalue after them: the state's Census */
#define PFD_CENSUS 3
#define PFD_NUPVALUES 3

/* how many descriptors the handles of a state have to close; see handle.c */
typedef struct Census {
  size_t mark;
  long handles, limit;
} Census;

/* kept small: programs have many */
typedef struct Handle {
  size_t mark;    /* PFD_FD; or, of a pidfd, see below */
  int fd;         /* negative when closed */
  int cgroup;     /* the directory of the process's, or -1 */
  Census *census; /* that counts it, or NULL */
  union {
    End end;      /* of a pidfd: its pid, and what 'wait' has told */
    Input *input; /* of a pidfd.fd: read and not taken yet, or NULL */
  };
} Handle;


/*
** Push the upvalues: the metatables, which are new and empty when the module
** is loaded for the first time in this state, and the census.
*/
void pfd_handle_pushupvalues (lua_State *L);


/*
** The first word of a pidfd, and of the census: an address in this module, xor
** its own address.
*/
extern char pfd_handle_anchor;

static inline size_t pfd_handle_mark (const void *userdata) {
  return (size_t)&pfd_handle_anchor ^ (size_t)userdata;
}

/*
** The descriptor of an open pidfd, for calls that need nothing else of it; or
** a negative number, and 'pfd_handle_openas' says why. It takes two calls of
** Lua's interface, and to compare metatables takes six: where the system call
** is fast, they are most of the cost. The mark stays in memory that is freed,
** which another library may get. The descriptor in it is -1 then, unless the
** object was freed without its finalizer. So a call that writes to a handle,
** follows its pointers, or does anything to the process, looks it up by its
** metatable, at least once.
*/
static inline int pfd_handle_trypidfd (lua_State *L, int arg) {
  const Handle *h = (const Handle *)lua_touserdata(L, arg);
  if (h == NULL || lua_rawlen(L, arg) != sizeof(Handle)) /* 0 if it is light */
    return -1;
  return (h->mark == pfd_handle_mark(h)) ? h->fd : -1;
}

/* the same, but raise for any other value */
int pfd_handle_pidfd (lua_State *L, int arg);

/* what has been read of it, and not taken yet; NULL for a pidfd */
static inline Input *pfd_handle_input (const Handle *h) {
  return (h->mark == PFD_FD) ? h->input : NULL;
}

/* push a closed handle of that type */
Handle *pfd_handle_new (lua_State *L, Type type);

/* the type of any value, PFD_NONE if it is no handle */
Type pfd_handle_type (lua_State *L, int arg);

/* what Lua calls that type */
const char *pfd_handle_name (Type type);

/* push, and return, what errors say of one that is closed */
const char *pfd_handle_closed (lua_State *L, Type type);

/* raise unless 'arg' is a handle, open or closed, of either type */
Handle *pfd_handle_check (lua_State *L, int arg);

/* raise unless 'arg' is an open handle of either type */
Handle *pfd_handle_open (lua_State *L, int arg);

/*
** Raise unless 'arg' is an open handle of that very type. Lua code that runs
** later in the call may close the handle; the debug library may even take it
** off the stack. So this, or 'pfd_handle_open', is called again after that.
*/
Handle *pfd_handle_openas (lua_State *L, int arg, Type type);

/* the pidfd owns this directory, too: the cgroup it was spawned into */
void pfd_handle_setcgroup (Handle *h, int dir);

/*
** Forget the descriptor without closing it, and return it; input is lost, and
** what the pidfd knows of its cgroup.
*/
int pfd_handle_release (Handle *h);

/*
** Close it unless it is closed already: 0 or -errno. It is closed before the
** call: whatever close(2) says, it is over.
*/
static inline int pfd_handle_close (Handle *h) {
  int fd = pfd_handle_release(h);
  return (fd < 0) ? 0 : pfd_sys_close(fd);
}

/*
** A system call that may run out of descriptors. It gets the number of a
** handle and no Lua state, so nothing can close the handle meanwhile.
*/
typedef int Attempt (int fd, void *about);

/*
** Make the attempt, and once more if descriptors have run out. Before each
** the handle at 'arg', of either type, is looked up; raises if it is closed.
** With 0 for 'arg' there is none, and 'fd' is -1.
*/
int pfd_handle_try (lua_State *L, int arg, Attempt *attempt, void *about);

/* does this error say that descriptors have run out? */
static inline int pfd_handle_isscarce (int rc) {
  return rc == -EMFILE || rc == -ENFILE;
}

/* run a collection, for 'pfd_handle_retry'; 0 if there was one before */
int pfd_handle_collect (lua_State *L, int *tries);

/*
** The loop condition of 'pfd_handle_try', where one handle is not all that is
** needed; or where the first attempt stands before the loop, to save a look at
** the handle. After a 1, finalizers have run: look everything up again. Before
** Lua 5.4 one of them may raise here: what is open must have an owner.
*/
static inline int pfd_handle_retry (lua_State *L, int rc, int *tries) {
  return pfd_handle_isscarce(rc) && pfd_handle_collect(L, tries);
}


#pragma GCC visibility pop

#endif
