#define _GNU_SOURCE /* O_CLOEXEC */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "wide.h"

#include "sys.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>


int pfd_sys_openat (int dir, const char *path, int flags) {
  int rc, tries = 0;
  do
    rc = pfd_sys_result(openat(dir, path, flags | O_CLOEXEC));
  while (pfd_sys_again(&rc, &tries));
  return rc;
}


/* a path that leaves the directory, or a link on the way, is refused */
int pfd_sys_openwithin (int dir, const char *path, int flags) {
  OpenHow how = {.flags = (__u64)(flags | O_CLOEXEC),
                 .resolve = PFD_RESOLVE_WITHIN};
  int rc, tries = 0;
  do
    rc = pfd_sys_result(syscall(SYS_openat2, dir, path, &how, sizeof(how)));
  while (pfd_sys_again(&rc, &tries));
  return rc;
}


int pfd_sys_read (int fd, void *buffer, size_t size) {
  return pfd_sys_result(read(fd, buffer, size));
}


/* of /proc, or another file where what can be read is there */
int pfd_sys_readfile (int file, void *buffer, size_t size) {
  int rc, tries = 0;
  do
    rc = pfd_sys_read(file, buffer, size);
  while (pfd_sys_again(&rc, &tries));
  return rc;
}


int pfd_sys_pread (int file, void *buffer, size_t size, long long offset) {
  int rc, tries = 0;
  do
    rc = pfd_sys_result(pread(file, buffer, size, offset));
  while (pfd_sys_again(&rc, &tries));
  return rc;
}


int pfd_sys_write (int fd, const void *buffer, size_t size) {
  return pfd_sys_result(write(fd, buffer, size));
}


int pfd_sys_writefile (int file, const void *buffer, size_t size) {
  int rc, tries = 0;
  do
    rc = pfd_sys_write(file, buffer, size);
  while (pfd_sys_again(&rc, &tries));
  return rc;
}


/* may this process execute the file, or enter the directory? */
int pfd_sys_access (int dir, const char *path) {
  return pfd_sys_result(faccessat(dir, path, X_OK, 0));
}


int pfd_sys_getdents (int dir, void *buffer, size_t size) {
  int rc, tries = 0;
  do
    rc = pfd_sys_result(syscall(SYS_getdents64, dir, buffer, size));
  while (pfd_sys_again(&rc, &tries));
  return rc;
}


/* from the start of the file; for directories, to where an entry says */
int pfd_sys_seek (int fd, long long offset) {
  return (lseek(fd, offset, SEEK_SET) == -1) ? pfd_sys_result(-1) : 0;
}


int pfd_sys_readlinkat (int dir, const char *path, char *buffer, size_t size) {
  int rc, tries = 0;
  do
    rc = pfd_sys_result(readlinkat(dir, path, buffer, size));
  while (pfd_sys_again(&rc, &tries));
  return rc;
}
