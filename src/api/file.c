#include <errno.h>
#include <stdio.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "../linux/input.h"
#include "../linux/sys.h"
#include "../lua/arg.h"
#include "../lua/handle.h"
#include "../lua/result.h"
#include "calls.h"


/* what the io library calls to close the file */
static int closefile (lua_State *L) {
  luaL_Stream *stream = (luaL_Stream *)luaL_checkudata(L, 1, LUA_FILEHANDLE);
  return luaL_fileresult(L, fclose(stream->f) == 0, NULL);
}


/* push a file of the io library, closed as long as 'closef' is NULL */
static luaL_Stream *newfile (lua_State *L) {
  if (luaL_getmetatable(L, LUA_FILEHANDLE) == LUA_TNIL)
    luaL_error(L, "the io library is not loaded");
  luaL_Stream *stream =
    (luaL_Stream *)lua_newuserdatauv(L, sizeof(luaL_Stream), 0);
  stream->closef = NULL;
  luaL_setmetatable(L, LUA_FILEHANDLE);
  return stream;
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
**   EBUSY   'fd:lines' has read ahead: take that first, with 'fd:read'
** and 'fd' keeps the descriptor.
**
** The file reads ahead and shares its offset with whoever else has the
** descriptor. Mode "a" sets O_APPEND for all of them.
*/
int pfd_l_file (lua_State *L) {
  (void)pfd_handle_openas(L, 1, PFD_FD);
  const char *mode = pfd_arg_mode(L, 2);
  luaL_Stream *stream = newfile(L);
  Handle *h = pfd_handle_openas(L, 1, PFD_FD); /* it may be closed by now */
  int readahead = pfd_input_length(&h->input) > 0;
  int rc = readahead ? -EBUSY : pfd_sys_fdopen(h->fd, mode, &stream->f);
  if (rc < 0)
    return pfd_fail(L, "fdopen", rc);
  stream->closef = closefile;
  (void)pfd_handle_release(h);
  return 1;
}
