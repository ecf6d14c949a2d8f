/*
** What a round of the fuzzer and the process that starts it share, and the
** functions that its Lua program gets.
*/

#ifndef fuzz_host_h
#define fuzz_host_h

#include <stdint.h>
#include <sys/types.h>

#include "../../src/compat.h"

/* in memory that all processes of the fuzzer see */
typedef struct Shared {
  _Atomic uint64_t calls;  /* made by all rounds */
  _Atomic uint64_t raised; /* of these */
  _Atomic uint64_t failed; /* returned nil and a reason */
  _Atomic uint64_t spawned;
  _Atomic uint64_t signals;   /* whose handler ran in a round */
  _Atomic uint64_t shortages; /* allocations that were refused */
  _Atomic int stranger;       /* a signal that reached the stranger */
  _Atomic int ready;          /* the round handles signals */
  char name[64];              /* of the function that runs now */
} Shared;

typedef struct Round {
  uint64_t seed;
  int spawns;     /* may it start programs? */
  int foreign;    /* a pidfd of a process outside the pid namespace, or -1 */
  pid_t stranger; /* the process that must not get a signal */
} Round;

/* a state whose memory runs out at random, with the table 'host' */
lua_State *fuzz_newstate (Shared *shared, const Round *round);

/* how many descriptors this process has open */
int fuzz_descriptors (void);

/* handlers for all signals that have to be survived, and a timer */
void fuzz_startsignals (lua_State *L);
void fuzz_stopsignals (void);

#endif
