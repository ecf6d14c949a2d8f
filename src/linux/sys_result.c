#include "sys.h"

#include <errno.h>

#define TRIES 100


/*
** The only functions that read 'errno': they are called with the result of
** the system call that set it, before anything else can change it.
*/
ssize_t pfd_sys_size (long rc) {
  return (rc == -1) ? -errno : rc;
}


int pfd_sys_result (long rc) {
  return (int)pfd_sys_size(rc);
}


int pfd_sys_again (int *rc, int *tries) {
  if (*rc != -EINTR)
    return 0;
  if (++*tries < TRIES)
    return 1;
  *rc = -EAGAIN;
  return 0;
}
