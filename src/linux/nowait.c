#include "nowait.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "sys.h"


/* device numbers of Linux, which never change */
#define MASTER makedev(5, 2) /* of a pseudo-terminal */
#define FIRSTSLAVE 136U      /* major numbers */
#define LASTSLAVE 143U

/* what is written at once, so that signals get their turn in between */
#define MAXWRITE ((size_t)1 << 20)


typedef struct Kind {
  mode_t type;
  dev_t device;
} Kind;


/* only a filter has fstat(2) say EAGAIN, which to our caller means to wait */
static int getkind (int fd, Kind *kind) {
  int rc = pfd_sys_kind(fd, &kind->type, &kind->device);
  return (rc == -EAGAIN) ? -EIO : rc;
}


static int isdisk (Kind kind) {
  return kind.type == S_IFREG || kind.type == S_IFBLK || kind.type == S_IFDIR;
}


static int ismaster (Kind kind) {
  return kind.type == S_IFCHR && kind.device == MASTER;
}


static int isslave (Kind kind) {
  unsigned int number = major(kind.device);
  return kind.type == S_IFCHR && number >= FIRSTSLAVE && number <= LASTSLAVE;
}


/* does the file not know RWF_NOWAIT, or the kernel not the call? */
static int isunknown (int rc) {
  return rc == -EOPNOTSUPP || rc == -ENOSYS;
}


/*
** A descriptor to use for one call: -1 where the file cannot be opened once
** more. Opened anew, the master of a terminal would be another terminal.
*/
static int reopen (int fd, Kind kind, int mode) {
  if (kind.type != S_IFIFO && !isslave(kind))
    return -1;
  return pfd_sys_reopen(fd, mode | O_NONBLOCK);
}


static int isready (int fd, short events) {
  struct pollfd event = {.fd = fd, .events = events};
  return pfd_sys_pollnow(&event, 1) > 0;
}


static int readotherwise (int fd, Kind kind, void *buffer, size_t size) {
  int flags = pfd_sys_flags(fd);
  if (flags < 0 || (flags & O_NONBLOCK))
    return (flags < 0) ? flags : pfd_sys_read(fd, buffer, size);
  int again = reopen(fd, kind, O_RDONLY);
  if (again >= 0) {
    int rc = pfd_sys_read(again, buffer, size);
    (void)pfd_sys_close(again);
    return rc;
  }
  return isready(fd, POLLIN) ? pfd_sys_read(fd, buffer, size) : -EAGAIN;
}


int pfd_nowait_read (int fd, void *buffer, size_t size) {
  Kind kind;
  int rc = getkind(fd, &kind);
  if (rc < 0)
    return rc;
  if (kind.type == S_IFSOCK)
    return pfd_sys_recv(fd, buffer, size);
  if (isdisk(kind))
    return pfd_sys_read(fd, buffer, size);
  rc = pfd_sys_readnow(fd, buffer, size);
  if (isunknown(rc))
    rc = readotherwise(fd, kind, buffer, size);
  return (rc == -EIO && ismaster(kind)) ? 0 : rc;
}


/* how much has room surely where poll(2) says that there is some */
static size_t sureroom (int fd, Kind kind) {
  if (kind.type == S_IFIFO)
    return PIPE_BUF;
  return pfd_sys_isterminal(fd) ? 1 : MAXWRITE;
}


static int writeotherwise (int fd, Kind kind, const void *buffer, size_t size) {
  int flags = pfd_sys_flags(fd);
  if (flags < 0 || (flags & O_NONBLOCK))
    return (flags < 0) ? flags : pfd_sys_write(fd, buffer, size);
  int again = reopen(fd, kind, O_WRONLY);
  if (again >= 0) {
    int rc = pfd_sys_write(again, buffer, size);
    (void)pfd_sys_close(again);
    return rc;
  }
  size_t room = sureroom(fd, kind);
  if (!isready(fd, POLLOUT))
    return -EAGAIN;
  return pfd_sys_write(fd, buffer, (size < room) ? size : room);
}


static int writefile (int fd, Kind kind, const void *buffer, size_t size) {
  if (size > MAXWRITE)
    size = MAXWRITE;
  if (isdisk(kind))
    return pfd_sys_write(fd, buffer, size);
  int rc = pfd_sys_writenow(fd, buffer, size);
  return isunknown(rc) ? writeotherwise(fd, kind, buffer, size) : rc;
}


/*
** Anything but a socket may send SIGPIPE, to this thread. It is blocked
** meanwhile, and taken back; but not if one was pending before, because two of
** the same signal are one. This function ends that, after a write with the
** result 'rc'.
*/
static int unblocksigpipe (int rc, int pending, const sigset_t *mask) {
  if (rc == -EPIPE && !pending)
    pfd_sys_dropsigpipe();
  pfd_sys_setsignals(mask);
  return rc;
}


int pfd_nowait_write (int fd, const void *buffer, size_t size) {
  Kind kind;
  sigset_t mask;
  int rc = getkind(fd, &kind);
  if (rc < 0)
    return rc;
  if (kind.type == S_IFSOCK)
    return pfd_sys_send(fd, buffer, size);
  int pending = pfd_sys_blocksigpipe(&mask);
  rc = writefile(fd, kind, buffer, size);
  return unblocksigpipe(rc, pending, &mask);
}


int pfd_nowait_writepipe (int pipe, const void *buffer, size_t size) {
  sigset_t mask;
  int pending = pfd_sys_blocksigpipe(&mask);
  int rc = pfd_sys_write(pipe, buffer, size);
  return unblocksigpipe(rc, pending, &mask);
}
