#define _GNU_SOURCE /* MAP_STACK */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "world.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* the child's calls need some hundred bytes; a handler of a tracer's, more */
#define STACKSIZE 16384

/* mappings are as large as this at least, so that most launches fit in */
#define LEASTSIZE 65536

/* a larger one is given back at once */
#define CACHEDSIZE (size_t)262144

#define ALIGNMENT 16


/*
** The mapping to be used next, if any. It is taken by an exchange, so that no
** two threads get the same. A process that fork(2) makes inherits it, and must
** not use it: this process does. 'World.ours' tells it apart.
*/
static _Atomic(World *) cached;


/*
** Memory is handed out from 'memory' on; as long as that is NULL, it is only
** counted. So one function counts and copies, and the two cannot differ.
*/
typedef struct Room {
  char *memory;
  size_t used;
} Room;


static void *take (Room *room, size_t size) {
  void *p = (room->memory == NULL) ? NULL : room->memory + room->used;
  room->used += (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  return p;
}


static const void *copy (Room *room, const void *from, size_t size) {
  void *to = take(room, size);
  if (to != NULL && size > 0)
    memcpy(to, from, size);
  return to;
}


static const char *copystring (Room *room, const char *s) {
  if (s == NULL)
    return NULL;
  return (const char *)copy(room, s, strlen(s) + 1);
}


static size_t countlist (const char *const *list) {
  size_t n = 0;
  while (list[n] != NULL)
    n++;
  return n;
}


static const char *const *copylist (Room *room, const char *const *list) {
  size_t n = countlist(list);
  const char **to = (const char **)take(room, (n + 1) * sizeof(char *));
  for (size_t i = 0; i < n; i++) {
    const char *s = copystring(room, list[i]);
    if (to != NULL)
      to[i] = s;
  }
  if (to != NULL)
    to[n] = NULL;
  return to;
}


/* has the variable that name, "name" or "name=value"? */
static int isnamed (const char *variable, const char *name) {
  size_t length = strcspn(name, "=");
  return strncmp(variable, name, length) == 0 && variable[length] == '=';
}


static int ischanged (const char *variable, const char *const *changes) {
  while (*changes != NULL && !isnamed(variable, *changes))
    changes++;
  return *changes != NULL;
}


static size_t add (Room *room, const char **to, size_t n, const char *s) {
  s = copystring(room, s);
  if (to != NULL)
    to[n] = s;
  return n + 1;
}


/* a change without '=' is no variable: it only removes one */
static size_t merge (Room *room, const char **to, const Launch *from) {
  size_t n = 0;
  for (const char *const *v = from->envp; *v != NULL; v++)
    if (!ischanged(*v, from->changes))
      n = add(room, to, n, *v);
  for (const char *const *v = from->changes; *v != NULL; v++)
    if (strchr(*v, '=') != NULL)
      n = add(room, to, n, *v);
  return n;
}


/* the environment, with what changes in it */
static const char *const *copyenvironment (Room *room, const Launch *from) {
  if (from->changes == NULL)
    return copylist(room, from->envp);
  size_t most = countlist(from->envp) + countlist(from->changes);
  const char **to = (const char **)take(room, (most + 1) * sizeof(char *));
  size_t n = merge(room, to, from);
  if (to != NULL)
    to[n] = NULL;
  return to;
}


/* the names are for the parent's messages only */
static Launch copylaunch (Room *room, const Launch *from) {
  Launch to = *from;
  to.files = copylist(room, from->files);
  to.argv = copylist(room, from->argv);
  to.envp = copyenvironment(room, from);
  to.changes = NULL;
  to.cwd = copystring(room, from->cwd);
  to.moves = take(room, from->nmoves * sizeof(Move));
  if (to.moves != NULL && from->nmoves > 0)
    memcpy(to.moves, from->moves, from->nmoves * sizeof(Move));
  to.groups =
    (const gid_t *)copy(room, from->groups, from->ngroups * sizeof(gid_t));
  to.limits =
    (const Limit *)copy(room, from->limits, from->nlimits * sizeof(Limit));
  to.cgroupname = NULL;
  return to;
}


static size_t pagesize (void) {
  return (size_t)sysconf(_SC_PAGESIZE);
}


static void unmap (World *world) {
  if (world == NULL)
    return;
  char *start = world->stack - 2 * pagesize();
  (void)munmap(start, world->size);
}


/*
** A page that belongs to this process alone, then the guard page, down to
** which the stack grows, then what is shared with the child.
*/
static char *mapparts (size_t size) {
  size_t page = pagesize();
  char *start = (char *)mmap(NULL, size, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED)
    return NULL;
  void *rest = mmap(start + 2 * page, size - 2 * page, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (rest == MAP_FAILED) {
    (void)munmap(start, size);
    return NULL;
  }
  (void)mprotect(start + page, page, PROT_NONE);
  return start;
}


static World *map (size_t size) {
  size_t page = pagesize();
  size = (size + page - 1) & ~(page - 1);
  char *start = mapparts(size);
  if (start == NULL)
    return NULL;
  World *world = (World *)(void *)(start + 2 * page + STACKSIZE);
  world->size = size;
  world->stack = start + 2 * page;
  world->stacksize = STACKSIZE;
  world->ours = (int *)(void *)start;
  /* where the kernel does not do this, the mapping is used only once */
  *world->ours = madvise(start, page, MADV_WIPEONFORK) == 0;
  return world;
}


/* a mapping of that size at least */
static World *find (size_t size) {
  World *world = atomic_exchange(&cached, NULL);
  if (world != NULL && *world->ours && world->size >= size)
    return world;
  unmap(world);
  return map((size > LEASTSIZE) ? size : LEASTSIZE);
}


World *pfd_world_new (const Launch *launch) {
  Room room = {NULL, 0};
  (void)copylaunch(&room, launch);
  size_t before = 2 * pagesize() + STACKSIZE + sizeof(World) + ALIGNMENT;
  if (room.used > SIZE_MAX / 2)
    return NULL;
  World *world = find(before + room.used);
  if (world == NULL)
    return NULL;
  room = (Room){(char *)(world + 1), 0};
  world->launch = copylaunch(&room, launch);
  world->outcome.rc = 0;
  return world;
}


void pfd_world_unload (void) {
  unmap(atomic_exchange(&cached, NULL));
}


void pfd_world_free (World *world) {
  if (*world->ours && world->size <= CACHEDSIZE)
    world = atomic_exchange(&cached, world);
  unmap(world);
}
