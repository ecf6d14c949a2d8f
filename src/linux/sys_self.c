#define _GNU_SOURCE /* gettid */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "sys.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>


pid_t pfd_sys_getpid (void) {
  return getpid();
}


pid_t pfd_sys_gettid (void) {
  return (pid_t)syscall(SYS_gettid);
}


/* signal 0 only looks */
int pfd_sys_isthread (pid_t tid) {
  return syscall(SYS_tgkill, getpid(), tid, 0) == 0;
}


uid_t pfd_sys_getuid (void) {
  return getuid();
}


uid_t pfd_sys_geteuid (void) {
  return geteuid();
}


gid_t pfd_sys_getgid (void) {
  return getgid();
}


gid_t pfd_sys_getegid (void) {
  return getegid();
}


/* is it in force in the calling thread? */
int pfd_sys_hascapability (int capability) {
  struct __user_cap_header_struct header = {0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
  header.version = _LINUX_CAPABILITY_VERSION_3;
  if (syscall(SYS_capget, &header, data) != 0)
    return 0;
  return (data[capability / 32].effective & (1U << (capability % 32))) != 0;
}
