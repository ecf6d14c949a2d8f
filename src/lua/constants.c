#include "constants.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../compat.h"

#include "../linux/kernel.h"


typedef struct Constant {
  const char *name;
  lua_Integer value;
} Constant;

static const Constant flags[] = {
  {"NONBLOCK", PIDFD_NONBLOCK}, /* open, since Linux 5.10 */
  {"THREAD", PIDFD_THREAD},     /* open, since Linux 6.9 */

  /* send_signal, since Linux 6.9 */
  {"SIGNAL_THREAD", PIDFD_SIGNAL_THREAD},
  {"SIGNAL_THREAD_GROUP", PIDFD_SIGNAL_THREAD_GROUP},
  {"SIGNAL_PROCESS_GROUP", PIDFD_SIGNAL_PROCESS_GROUP},

  /* waitid */
  {"WEXITED", WEXITED},
  {"WSTOPPED", WSTOPPED},
  {"WCONTINUED", WCONTINUED},
  {"WNOHANG", WNOHANG},
  {"WNOWAIT", WNOWAIT},
  {"__WALL", __WALL},
  {"__WCLONE", (unsigned int)__WCLONE},

  /* info().coredump_mask, since Linux 6.16 */
  {"COREDUMPED", PIDFD_COREDUMPED},
  {"COREDUMP_SKIP", PIDFD_COREDUMP_SKIP},
  {"COREDUMP_USER", PIDFD_COREDUMP_USER},
  {"COREDUMP_ROOT", PIDFD_COREDUMP_ROOT},
  {NULL, 0},
};

/* where two names share a number, the first is the number's name */
/* clang-format off */
#define E(name) {#name, name}

static const Constant errors[] = {
  E(EPERM), E(ENOENT), E(ESRCH), E(EINTR), E(EIO), E(ENXIO), E(E2BIG),
  E(ENOEXEC), E(EBADF), E(ECHILD), E(EAGAIN), E(ENOMEM), E(EACCES), E(EFAULT),
  E(ENOTBLK), E(EBUSY), E(EEXIST), E(EXDEV), E(ENODEV), E(ENOTDIR), E(EISDIR),
  E(EINVAL), E(ENFILE), E(EMFILE), E(ENOTTY), E(ETXTBSY), E(EFBIG), E(ENOSPC),
  E(ESPIPE), E(EROFS), E(EMLINK), E(EPIPE), E(EDOM), E(ERANGE), E(EDEADLK),
  E(ENAMETOOLONG), E(ENOLCK), E(ENOSYS), E(ENOTEMPTY), E(ELOOP), E(ENOMSG),
  E(EIDRM), E(ECHRNG), E(EL2NSYNC), E(EL3HLT), E(EL3RST), E(ELNRNG),
  E(EUNATCH), E(ENOCSI), E(EL2HLT), E(EBADE), E(EBADR), E(EXFULL), E(ENOANO),
  E(EBADRQC), E(EBADSLT), E(EBFONT), E(ENOSTR), E(ENODATA), E(ETIME), E(ENOSR),
  E(ENONET), E(ENOPKG), E(EREMOTE), E(ENOLINK), E(EADV), E(ESRMNT), E(ECOMM),
  E(EPROTO), E(EMULTIHOP), E(EDOTDOT), E(EBADMSG), E(EOVERFLOW), E(ENOTUNIQ),
  E(EBADFD), E(EREMCHG), E(ELIBACC), E(ELIBBAD), E(ELIBSCN), E(ELIBMAX),
  E(ELIBEXEC), E(EILSEQ), E(ERESTART), E(ESTRPIPE), E(EUSERS), E(ENOTSOCK),
  E(EDESTADDRREQ), E(EMSGSIZE), E(EPROTOTYPE), E(ENOPROTOOPT),
  E(EPROTONOSUPPORT), E(ESOCKTNOSUPPORT), E(EOPNOTSUPP), E(EPFNOSUPPORT),
  E(EAFNOSUPPORT), E(EADDRINUSE), E(EADDRNOTAVAIL), E(ENETDOWN),
  E(ENETUNREACH), E(ENETRESET), E(ECONNABORTED), E(ECONNRESET), E(ENOBUFS),
  E(EISCONN), E(ENOTCONN), E(ESHUTDOWN), E(ETOOMANYREFS), E(ETIMEDOUT),
  E(ECONNREFUSED), E(EHOSTDOWN), E(EHOSTUNREACH), E(EALREADY), E(EINPROGRESS),
  E(ESTALE), E(EUCLEAN), E(ENOTNAM), E(ENAVAIL), E(EISNAM), E(EREMOTEIO),
  E(EDQUOT), E(ENOMEDIUM), E(EMEDIUMTYPE), E(ECANCELED), E(ENOKEY),
  E(EKEYEXPIRED), E(EKEYREVOKED), E(EKEYREJECTED), E(EOWNERDEAD),
  E(ENOTRECOVERABLE), E(ERFKILL), E(EHWPOISON), E(EWOULDBLOCK), E(EDEADLOCK),
  E(ENOTSUP),
  {NULL, 0},
};

#undef E

#define S(name) {#name, SIG##name}

/* without the real-time signals, whose numbers are the C library's choice */
static const Constant signals[] = {
  S(HUP), S(INT), S(QUIT), S(ILL), S(TRAP), S(ABRT), S(BUS), S(FPE), S(KILL),
  S(USR1), S(SEGV), S(USR2), S(PIPE), S(ALRM), S(TERM), S(CHLD), S(CONT),
  S(STOP), S(TSTP), S(TTIN), S(TTOU), S(URG), S(XCPU), S(XFSZ), S(VTALRM),
  S(PROF), S(WINCH), S(IO), S(PWR), S(SYS), S(IOT), S(POLL),
#if defined(SIGSTKFLT) /* not on every architecture */
  S(STKFLT),
#endif
  {NULL, 0},
};

#undef S
/* clang-format on */


static void setnumbers (lua_State *L, const Constant *list) {
  for (const Constant *c = list; c->name != NULL; c++) {
    lua_pushinteger(L, c->value);
    lua_setfield(L, -2, c->name);
  }
}


/* from the last to the first, so that the first name of a number stays */
static void setnames (lua_State *L, const Constant *list) {
  const Constant *c = list;
  while (c->name != NULL)
    c++;
  while (c != list) {
    c--;
    lua_pushstring(L, c->name);
    lua_rawseti(L, -2, c->value);
  }
}


void pfd_constants_flags (lua_State *L) {
  lua_newtable(L);
  setnumbers(L, flags);
}


void pfd_constants_errno (lua_State *L) {
  lua_newtable(L);
  setnumbers(L, errors);
  setnames(L, errors);
}


void pfd_constants_signal (lua_State *L) {
  const Constant realtime[] = {
    {"RTMIN", SIGRTMIN},
    {"RTMAX", SIGRTMAX},
    {NULL, 0},
  };
  lua_newtable(L);
  setnumbers(L, signals);
  setnames(L, signals);
  setnumbers(L, realtime);
  setnames(L, realtime);
}


/* the number of "", "+3" or "-1" after a name, as far as 'max'; else -1 */
static int parseoffset (const char *text, char sign, int max) {
  if (*text == '\0')
    return 0;
  if (*text != sign || strspn(text + 1, "0123456789") == 0)
    return -1;
  char *end;
  long n = strtol(text + 1, &end, 10); /* too long a number is LONG_MAX */
  return (*end == '\0' && n <= max) ? (int)n : -1;
}


/* "RTMIN", "RTMIN+3", "RTMAX-1" */
static int findrealtime (const char *name) {
  const int range = SIGRTMAX - SIGRTMIN;
  int isupwards = strncmp(name, "RTMIN", 5) == 0;
  if (!isupwards && strncmp(name, "RTMAX", 5) != 0)
    return -1;
  int n = parseoffset(name + 5, isupwards ? '+' : '-', range);
  if (n < 0)
    return -1;
  return isupwards ? SIGRTMIN + n : SIGRTMAX - n;
}


int pfd_constants_findsignal (const char *name) {
  if (strncmp(name, "SIG", 3) == 0)
    name += 3;
  for (const Constant *c = signals; c->name != NULL; c++)
    if (strcmp(c->name, name) == 0)
      return (int)c->value;
  return findrealtime(name);
}


const char *pfd_constants_signalname (int sig) {
  for (const Constant *c = signals; c->name != NULL; c++)
    if (c->value == sig)
      return c->name;
  return NULL;
}
