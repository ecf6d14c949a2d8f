#define _GNU_SOURCE /* MSG_CMSG_CLOEXEC */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "sys.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>


/* an option of the socket itself that is an int */
int pfd_sys_getoption (int socket, int option) {
  int value = 0;
  socklen_t length = sizeof(value);
  int rc =
    pfd_sys_result(getsockopt(socket, SOL_SOCKET, option, &value, &length));
  return (rc < 0) ? rc : value;
}


int pfd_sys_passpidfd (int socket, int on) {
  return pfd_sys_result(
    setsockopt(socket, SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on)));
}


/*
** The system call itself: musl's sendmsg has no room for as many descriptors as
** the kernel takes.
*/
int pfd_sys_sendmsg (int socket, const struct msghdr *message) {
  int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  return pfd_sys_result(syscall(SYS_sendmsg, socket, message, flags));
}


/* what it brings is close-on-exec */
int pfd_sys_recvmsg (int socket, struct msghdr *message, int flags) {
  flags |= MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
  return pfd_sys_result(recvmsg(socket, message, flags));
}
