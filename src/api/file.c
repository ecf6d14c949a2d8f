#include <errno.h>
#include <stdio.h>

#include "../compat.h"

#include "../linux/input.h"
#include "../linux/sys.h"
#include "../lua/about.h"
#include "../lua/arg.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


static int fail (lua_State *L, int rc) {
  const char *call = pfd_about(L, "file", 1);
  return (rc == -EBUSY) ? pfd_fail_hint(L, call, "it has input", rc)
                        : pfd_fail(L, call, rc);
}


/*
** fd:file ([mode])
** fdopen(3): turn the descriptor into a file of Lua's io library. 'mode'
** is io.open's, "r" if absent; "w" does not truncate.
**
** Returns the file, which owns the descriptor from now on; 'fd' is
** closed. Or fails with
**   EINVAL  'mode' wants to read or write what the descriptor cannot
**   ENOMEM  no memory for the file's buffer
**   EBUSY   there is input that was read and not taken yet: take it with
**           'fd:read'. Or a finalizer or a hook asks while 'fd:read' or
**           'fd:lines' makes its string
**   EMFILE, ENFILE  no descriptor to spare, which Lua 5.1 and LuaJIT need
** and 'fd' keeps the descriptor.
**
** The file reads ahead and shares its offset with whoever else has the
** descriptor. Mode "a" sets O_APPEND for all of them.
*/
int pfd_l_file (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_FD);
  const char *mode = pfd_arg_mode(L, 2);
  FILE *f = NULL;
  int rc, tries = 0;
  do
    rc = pfd_compat_newfile(L);
  while (pfd_handle_retry(L, rc, &tries));
  Handle *h = pfd_handle_openas(L, 1, PFD_FD); /* it may be closed by now */
  if (rc == 0 && pfd_input_length(h->input) > 0)
    rc = -EBUSY;
  if (rc == 0)
    rc = pfd_sys_fdopen(h->fd, mode, &f);
  if (rc < 0)
    return fail(L, rc);
  pfd_compat_setfile(L, f);
  (void)pfd_handle_release(h);
  return 1;
}
