#define _GNU_SOURCE /* struct ucred */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "message.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "nowait.h"
#include "sys.h"

/* so many descriptors may come with one message, its sender's included */
#define MOST (PFD_MAXFDS + 1)

/*
** Room for what else the owner of the socket may have asked for: credentials,
** times, the label of a security module, which is the longest.
*/
#define OTHERS 4352

/* all that comes with the data; the header gives it its alignment */
typedef union Control {
  struct cmsghdr header;
  char room[CMSG_SPACE(PFD_MAXFDS * sizeof(int)) + CMSG_SPACE(sizeof(int)) +
            OTHERS];
} Control;


/*
** {=====================================================================
** to send
** ======================================================================
*/

int pfd_message_iscarrier (int socket) {
  int domain = pfd_sys_getoption(socket, SO_DOMAIN);
  if (domain < 0)
    return domain;
  return (domain == AF_UNIX) ? 0 : -EOPNOTSUPP;
}


int pfd_message_isstream (int socket) {
  int type = pfd_sys_getoption(socket, SO_TYPE);
  return (type < 0) ? type : type == SOCK_STREAM;
}


static void attach (struct msghdr *message, Control *control, const Parcel *p) {
  size_t size = (size_t)p->nfds * sizeof(int);
  *control = (Control){.header = {.cmsg_level = SOL_SOCKET}};
  control->header.cmsg_type = SCM_RIGHTS;
  control->header.cmsg_len = (socklen_t)CMSG_LEN(size);
  memcpy(CMSG_DATA(&control->header), p->fds, size);
  message->msg_control = control;
  message->msg_controllen = (socklen_t)CMSG_SPACE(size);
}


int pfd_message_send (int socket, Parcel *p) {
  union { /* it is only read */
    const char *constant;
    char *base;
  } from = {p->data + p->sent};
  size_t rest = p->length - p->sent;
  struct iovec bytes = {.iov_base = from.base, .iov_len = rest};
  struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
  Control control;
  if (rest > PFD_MAXTRANSFER)
    bytes.iov_len = PFD_MAXTRANSFER;
  if (p->nfds > 0)
    attach(&message, &control, p);
  int rc = pfd_sys_sendmsg(socket, &message);
  if (rc >= 0) {
    p->sent += (size_t)rc;
    p->nfds = 0;
  }
  return rc;
}

/* }=================================================================== */


/*
** {=====================================================================
** to receive
** ======================================================================
*/

static int isscarce (int rc) {
  return rc == -EMFILE || rc == -ENFILE;
}


/*
** Linux sends no more than PFD_MAXFDS. If it does one day, the others are
** closed, and count as lost.
*/
static void takefds (Message *m, const unsigned char *data, size_t n) {
  for (size_t i = 0; i < n; i++) {
    int fd;
    memcpy(&fd, data + i * sizeof(fd), sizeof(fd));
    if (m->nfds < PFD_MAXFDS)
      m->fds[m->nfds++] = fd;
    else {
      (void)pfd_sys_close(fd);
      m->fdscut = 1;
    }
  }
}


/* in musl the macro converts signed numbers to unsigned ones */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wsign-conversion"

static struct cmsghdr *getnext (struct msghdr *message, struct cmsghdr *c) {
  return CMSG_NXTHDR(message, c);
}

#pragma GCC diagnostic pop


/* where the sender has no pidfd, the kernel tells a negative errno instead */
static void takecontrol (Message *m, struct msghdr *message) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL;
       c = getnext(message, c)) {
    size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if (c->cmsg_level != SOL_SOCKET)
      continue;
    if (c->cmsg_type == SCM_RIGHTS)
      takefds(m, CMSG_DATA(c), n);
    else if (c->cmsg_type == SCM_PIDFD && n == 1)
      memcpy(&m->sender, CMSG_DATA(c), sizeof(m->sender));
  }
}


/* 'data' has room for 'max' bytes; returns how many came */
static int receive (int socket, size_t max, int flags, Message *m) {
  Control control;
  struct iovec bytes = {.iov_base = m->data, .iov_len = max};
  struct msghdr message = {.msg_iov = &bytes,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof(control)};
  *m = (Message){.data = m->data, .sender = PFD_NOSENDER};
  int rc = pfd_sys_recvmsg(socket, &message, flags);
  if (rc < 0)
    return rc;
  takecontrol(m, &message);
  m->length = (size_t)rc;
  m->datacut = (message.msg_flags & MSG_TRUNC) != 0;
  if ((message.msg_flags & MSG_CTRUNC) || isscarce(m->sender))
    m->fdscut = 1;
  return rc;
}


/*
** Are there surely enough free numbers for all the descriptors that may come?
** Yes, if none of the highest MOST numbers is open. One poll(2) tells that; it
** fails with EINVAL if the limit is lower than MOST.
*/
static int hasroom (void) {
  struct pollfd last[MOST];
  long most = pfd_sys_maxdescriptors();
  if (most > INT_MAX)
    most = INT_MAX;
  if (most < MOST)
    return 0;
  for (int i = 0; i < MOST; i++)
    last[i] = (struct pollfd){.fd = (int)most - 1 - i};
  if (pfd_sys_pollnow(last, MOST) != MOST)
    return 0;
  for (int i = 0; i < MOST; i++)
    if (last[i].revents != POLLNVAL)
      return 0;
  return 1;
}


/* -EMFILE or -ENFILE if no number is free at all, else 0 */
static int findnumber (int socket) {
  int fd = pfd_sys_dup(socket);
  if (fd >= 0)
    (void)pfd_sys_close(fd);
  return (fd < 0) ? fd : 0;
}


static void closeall (Message *m) {
  for (int i = 0; i < m->nfds; i++)
    if (m->fds[i] >= 0)
      (void)pfd_sys_close(m->fds[i]);
  if (m->sender >= 0)
    (void)pfd_sys_close(m->sender);
}


/*
** Look at the message, which makes its descriptors but leaves the message
** where it is. If they were cut while there were numbers left, that was for
** another reason, and another attempt would not help. Returns how many bytes
** it has, or -EMFILE or -ENFILE.
*/
static int peek (int socket, size_t max, Message *m) {
  int rc = receive(socket, max, MSG_PEEK, m);
  if (rc < 0)
    return rc;
  int scarce = isscarce(m->sender) ? m->sender : 0;
  if (scarce == 0 && m->fdscut)
    scarce = findnumber(socket);
  closeall(m);
  return (scarce < 0) ? scarce : rc;
}


/*
** Of a stream, no more is received than was looked at: what has come since
** could bring descriptors, too. Sets 'max' to that.
*/
static int makesure (int socket, size_t *max, Message *m) {
  int isstream = pfd_message_isstream(socket);
  if (isstream < 0)
    return isstream;
  int rc = peek(socket, *max, m);
  if (rc > 0 && isstream)
    *max = (size_t)rc;
  return (rc < 0) ? rc : 0;
}


int pfd_message_receive (int socket, size_t max, Message *m) {
  m->data = (char *)malloc(max);
  if (m->data == NULL)
    return -ENOMEM;
  int rc = hasroom() ? 0 : makesure(socket, &max, m);
  if (rc == 0)
    rc = receive(socket, max, 0, m);
  if (rc < 0)
    free(m->data);
  return (rc < 0) ? rc : 0;
}


void pfd_message_free (Message *m) {
  closeall(m);
  free(m->data);
  *m = (Message){.sender = PFD_NOSENDER};
}

/* }=================================================================== */
