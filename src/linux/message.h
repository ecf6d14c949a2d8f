/*
** Messages of sockets, and the descriptors that travel with them: unix(7),
** SCM_RIGHTS and SCM_PIDFD. Nothing here waits, and nothing knows Lua.
**
** Who receives a message takes it out of the socket for good, with its
** descriptors. If this process has no number left for one of them, the kernel
** closes it, and says so only afterwards. So it is checked first how many
** numbers are free. If they may be too few, the message is looked at
** (MSG_PEEK) before it is received.
*/

#ifndef pfd_message_h
#define pfd_message_h

#include <stddef.h>

#pragma GCC visibility push(hidden)


/* no message has more descriptors: the kernel's SCM_MAX_FD */
#define PFD_MAXFDS 253

/* no sender is told; any other negative number is an errno */
#define PFD_NOSENDER (-1)

/* one that was received; what is in it is its owner's to free */
typedef struct Message {
  char *data;
  size_t length;
  int fds[PFD_MAXFDS]; /* -1 where it was taken */
  int nfds;
  int sender;  /* its pidfd */
  int datacut; /* it had more bytes */
  int fdscut;  /* it had more descriptors, or a sender */
} Message;


/* one to be sent: the data, and the descriptors that go with its first byte */
typedef struct Parcel {
  const char *data;
  size_t length, sent;
  int fds[PFD_MAXFDS];
  int nfds;
} Parcel;

/*
** Send what there is room for. Returns how many bytes were sent, which are
** counted in 'sent', or -EAGAIN, or -EPIPE without a SIGPIPE, or another
** -errno. The descriptors are not sent again.
*/
int pfd_message_send (int socket, Parcel *p);

/* may descriptors be sent with that? 0, -EOPNOTSUPP, or another -errno */
int pfd_message_iscarrier (int socket);

/* 1 if it is a stream, 0 if it has messages, or -errno */
int pfd_message_isstream (int socket);

/*
** Receive what is there, at most 'max' bytes. Returns 0 with a message; or
** -EAGAIN; or -EMFILE, -ENFILE or -ENOMEM, before anything was received; or
** another -errno.
*/
int pfd_message_receive (int socket, size_t max, Message *m);

/* close and free all that has not been taken */
void pfd_message_free (Message *m);


#pragma GCC visibility pop

#endif
