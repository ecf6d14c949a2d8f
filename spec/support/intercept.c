/*
** Preloaded, it changes what the kernel does, as the environment says:
**
**   PAUSE=N         stops the process before its first system call number N,
**                   made by syscall(2); whoever waits for the stop may then
**                   change the world
**   HIDE=NAME       says ENOENT of files of that name
**   REFUSE=PATH:N   says errno N of what is opened by exactly that path
**   SHOW=NAME:FILE  opens that file in place of files of that name
**   INFO=FILE       PIDFD_GET_INFO is answered with the bytes of that file, of
**                   a kernel whose struct is as long as they are
*/

#define _GNU_SOURCE /* RTLD_NEXT */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAXSIZE 256


static int isinfo (long number, unsigned long request) {
  return number == SYS_ioctl && _IOC_TYPE(request) == 0xFF &&
         _IOC_NR(request) == 11;
}


/* as the kernel does: what the caller's struct has more is cleared */
static long answer (const char *path, unsigned long request, char *info) {
  char bytes[MAXSIZE] = {0};
  size_t size = _IOC_SIZE(request);
  FILE *file = fopen(path, "rb");
  if (file == NULL || size > sizeof(bytes))
    _exit(99);
  (void)fread(bytes, 1, sizeof(bytes), file);
  (void)fclose(file);
  (void)memcpy(info, bytes, size);
  return 0;
}


static int ispause (long number) {
  static int stopped = 0;
  const char *at = getenv("PAUSE");
  return at != NULL && number == strtol(at, NULL, 10) && !stopped++;
}


/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
/* NOLINTBEGIN(performance-no-int-to-ptr, clang-analyzer-valist.*) */
long syscall (long number, ...) {
  long a[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; i++)
    a[i] = va_arg(list, long);
  va_end(list);
  const char *info = getenv("INFO");
  if (ispause(number))
    (void)raise(SIGSTOP);
  if (info != NULL && isinfo(number, (unsigned long)a[1]))
    return answer(info, (unsigned long)a[1], (char *)a[2]);
  long (*next)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}


/* what is opened in place of the file of that name, or NULL */
static const char *substitute (const char *name) {
  const char *shown = getenv("SHOW");
  size_t length = strlen(name);
  int is =
    shown != NULL && strncmp(shown, name, length) == 0 && shown[length] == ':';
  return is ? shown + length + 1 : NULL;
}


/* the errno to fail with, or 0 */
static int refusal (const char *path) {
  const char *refused = getenv("REFUSE");
  size_t length = strlen(path);
  int is = refused != NULL && strncmp(refused, path, length) == 0 &&
           refused[length] == ':';
  return is ? (int)strtol(refused + length + 1, NULL, 10) : 0;
}


/* the files here exist, and need no mode */
static int openfile (int dir, const char *path, int flags) {
  if (refusal(path) != 0) {
    errno = refusal(path);
    return -1;
  }
  const char *hidden = getenv("HIDE");
  const char *last = strrchr(path, '/');
  const char *name = (last != NULL) ? last + 1 : path;
  if (hidden != NULL && strcmp(name, hidden) == 0) {
    errno = ENOENT;
    return -1;
  }
  if (substitute(name) != NULL)
    path = substitute(name);
  return (int)syscall(SYS_openat, dir, path, flags, 0);
}


/* in place of the C library's, which has two */
int openat (int dir, const char *path, int flags, ...) {
  return openfile(dir, path, flags);
}


#if defined(__GLIBC__)
int openat64 (int dir, const char *path, int flags, ...) {
  return openfile(dir, path, flags | O_LARGEFILE);
}
#endif
/* NOLINTEND(performance-no-int-to-ptr, clang-analyzer-valist.*) */
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
