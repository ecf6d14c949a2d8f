#include "sys.h"

#include <errno.h>


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
