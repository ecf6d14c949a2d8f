/*
** To read and write what is possible now, and never to wait: not for
** another, and not for the end of a write that has begun. The flag
** O_NONBLOCK would do that, but it belongs to the open file, which others
** may share, so it is never changed. There are four ways instead, and the
** first that the file offers is taken:
**
** - sockets take MSG_DONTWAIT;
** - other files take RWF_NOWAIT, pipes since Linux 6.4;
** - a named pipe, an older pipe and a pseudo-terminal's slave can be opened
**   once more, through /proc, with an O_NONBLOCK of its own;
** - anything else is asked by poll(2) first, and written in pieces so small
**   that there is room for them.
**
** Only the last can wait, if another process takes the data or the room
** between poll(2) and the call. It is left for the master of a
** pseudo-terminal, a serial line, and where /proc cannot be used.
**
** Regular files and block devices never wait for anybody but the disk.
*/

#ifndef pfd_nowait_h
#define pfd_nowait_h

#include <stddef.h>

#pragma GCC visibility push(hidden)


/* no system call reads or writes more than this */
#define PFD_MAXTRANSFER ((size_t)0x7ffff000)


/*
** Read what is there, at most 'size' bytes. Returns how many these are, 0
** at the end, which for a terminal's master is when nobody has its slave
** open; or -EAGAIN when nothing is there, or another -errno.
*/
int pfd_nowait_read (int fd, void *buffer, size_t size);

/*
** Write what there is room for. Returns how many bytes these are; or
** -EAGAIN when there is no room, or -EPIPE without a SIGPIPE, or another
** -errno.
*/
int pfd_nowait_write (int fd, const void *buffer, size_t size);

/* the same for a pipe that has O_NONBLOCK, and is nobody's but ours */
int pfd_nowait_writepipe (int pipe, const void *buffer, size_t size);


#pragma GCC visibility pop

#endif
