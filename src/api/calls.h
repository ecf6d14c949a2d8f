/*
** The functions behind Lua's names: pfd_l_NAME is NAME. Each stands in
** the file that bears its name, or its family's.
*/

#ifndef pfd_calls_h
#define pfd_calls_h

#include "../compat.h"

#pragma GCC visibility push(hidden)


/* open.c */
int pfd_l_open (lua_State *L);
int pfd_l_self (lua_State *L);

/* adopt.c */
int pfd_l_adopt (lua_State *L);

/* spawn.c */
int pfd_l_spawn (lua_State *L);

/* run.c */
int pfd_l_run (lua_State *L);

/* getfd.c */
int pfd_l_getfd (lua_State *L);
int pfd_l_getfd_or_fileno (lua_State *L);

/* own.c: what all objects that own a descriptor have in common */
int pfd_l_type (lua_State *L);
int pfd_l_close (lua_State *L);
int pfd_l_gc (lua_State *L);
int pfd_l_release (lua_State *L);
int pfd_l_fileno (lua_State *L);
int pfd_l_dup (lua_State *L);
int pfd_l_tostring (lua_State *L);

/* file.c */
int pfd_l_file (lua_State *L);

/* stream.c */
int pfd_l_read (lua_State *L);
int pfd_l_write (lua_State *L);

/* lines.c */
int pfd_l_lines (lua_State *L);

/* nonblock.c */
int pfd_l_nonblock (lua_State *L);

/* pid.c */
int pfd_l_pid (lua_State *L);

/* info.c */
int pfd_l_info (lua_State *L);

/* id.c */
int pfd_l_id (lua_State *L);
int pfd_l_eq (lua_State *L);

/* token.c */
int pfd_l_token (lua_State *L);
int pfd_l_from_token (lua_State *L);

/* supports.c */
int pfd_l_supports (lua_State *L);

/* namespace.c */
int pfd_l_namespace (lua_State *L);
int pfd_l_setns (lua_State *L);

/* peer.c */
int pfd_l_peer (lua_State *L);

/* send.c */
int pfd_l_send (lua_State *L);

/* receive.c */
int pfd_l_receive (lua_State *L);

/* passpidfd.c */
int pfd_l_passpidfd (lua_State *L);

/* memory.c */
int pfd_l_mrelease (lua_State *L);
int pfd_l_madvise (lua_State *L);

/* proc.c */
int pfd_l_proc (lua_State *L);

/* link.c */
int pfd_l_link (lua_State *L);

/* list.c */
int pfd_l_list (lua_State *L);

/* children.c */
int pfd_l_children (lua_State *L);

/* fds.c */
int pfd_l_fds (lua_State *L);

/* send_signal.c */
int pfd_l_send_signal (lua_State *L);

/* poll.c */
int pfd_l_poll (lua_State *L);
int pfd_l_poll_list (lua_State *L);

/* wait.c */
int pfd_l_wait (lua_State *L);
int pfd_l_receive_end (lua_State *L);

/* waitid.c */
int pfd_l_waitid (lua_State *L);

/* terminate.c */
int pfd_l_terminate (lua_State *L);

/* loop.c: what event loops ask of both types */
int pfd_l_pollfd (lua_State *L);
int pfd_l_events (lua_State *L);
int pfd_l_timeout (lua_State *L);
int pfd_l_dirty (lua_State *L);


#pragma GCC visibility pop

#endif
