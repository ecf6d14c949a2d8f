#define _GNU_SOURCE /* syscall */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "raw.h"

#if defined(PFD_RAW_OTHER)

#include <unistd.h>

#include "sys.h"


long pfd_raw_call (long number, const long args[PFD_RAW_ARGS]) {
  return pfd_sys_size(
    syscall(number, args[0], args[1], args[2], args[3], args[4]));
}


/* never with a stack, as the child comes back from syscall(2), too */
long pfd_raw_clone (long number, const long args[PFD_RAW_ARGS]) {
  long rc = pfd_raw_call(number, args);
  if (rc == 0) {
    int (*const *run)(void *) = (int (*const *)(void *))args[5];
    (void)(*run)((void *)args[5]);
  }
  return rc;
}


int pfd_raw_canshare (void) {
  return 0;
}

#endif
