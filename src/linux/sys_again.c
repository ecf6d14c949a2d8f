#include "sys.h"

#define TRIES 100


int pfd_sys_again (int *rc, int *tries) {
  if (*rc != -EINTR)
    return 0;
  if (++*tries < TRIES)
    return 1;
  *rc = -EAGAIN;
  return 0;
}
