#include "signal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "process.h"
#include "sys.h"

#define BUFFERSIZE 4096
#define PATHSIZE 64


/*
** The number of a process that surely keeps it while we use it: this one, or
** a child that is a zombie until we wait for it. The kernel must not reap it
** by itself, and no other thread may wait for it in this very moment.
*/
static pid_t findpinned (int pidfd) {
  int pinned = pfd_sys_keepszombies() ? pfd_process_ischild(pidfd) : 0;
  pid_t pid = pfd_process_pid(pidfd);
  if (pid < 0 || pinned > 0)
    return pid;
  return (pid == pfd_sys_getpid()) ? pid : -EINVAL;
}


/*
** Before Linux 6.9 there are no scopes, but numbers, which are as safe as the
** pidfd for as long as nobody else can get them. Pidfds are of processes
** only, so that the scope of a process is that of the pidfd.
*/
static int sendbynumber (int pidfd, const Order *order) {
  if (order->flags == PIDFD_SIGNAL_THREAD_GROUP)
    return pfd_sys_send_signal(pidfd, order->sig, order->info, 0);
  int isgroup = order->flags == PIDFD_SIGNAL_PROCESS_GROUP;
  if (order->flags != PIDFD_SIGNAL_THREAD && !isgroup)
    return -EINVAL;
  if (isgroup && order->info != NULL) /* nothing can be queued for a group */
    return -EINVAL;
  pid_t pid = findpinned(pidfd);
  if (pid < 0)
    return pid;
  if (isgroup)
    return pfd_sys_killgroup(pid, order->sig);
  if (order->info != NULL)
    return pfd_sys_queuethread(pid, pid, order->sig, order->info);
  return pfd_sys_killthread(pid, pid, order->sig);
}


/*
** The kernel says EINVAL of a scope that it does not know. On pidfs, since
** 6.9, it knows them. Signals are blocked, so that no handler in this thread
** waits for the child between the question and the signal.
*/
int pfd_signal_sendtoscope (int pidfd, const Order *order) {
  if (order->flags == 0 || pfd_sys_onpidfs(pidfd) != 0)
    return -EINVAL;
  sigset_t mask;
  pfd_sys_blocksignals(&mask);
  int rc = sendbynumber(pidfd, order);
  pfd_sys_setsignals(&mask);
  return rc;
}


/*
** Before Linux 6.9 the group of a leader that was reaped cannot be reached:
** that does not mean that it is empty.
*/
int pfd_signal_group (int pidfd, int sig) {
  Order order = {.sig = sig, .flags = PIDFD_SIGNAL_PROCESS_GROUP};
  int rc = pfd_signal_send(pidfd, &order);
  if (rc == -ESRCH && pfd_sys_onpidfs(pidfd) != 1 &&
      pfd_sys_send_signal(pidfd, 0, NULL, 0) == -ESRCH)
    return -EINVAL;
  return rc;
}


/*
** The leader has been reaped, and nobody knows its number. The number of our
** own group belongs to no other process as long as we are in the group. So if
** a process has it, that is our group's leader, and another one.
*/
static int isleaderless (pid_t group) {
  int leader = (group > 0) ? pfd_sys_open(group, 0) : -ESRCH;
  if (leader < 0)
    return pfd_process_isfree(leader) ? -ESRCH : leader;
  (void)pfd_sys_close(leader);
  return 0;
}


int pfd_signal_isourgroup (int pidfd, pid_t pid) {
  pid_t group = pfd_sys_getpgrp();
  if (pid <= 0)
    pid = pfd_process_pid(pidfd);
  if (pid == -ESRCH)
    return isleaderless(group);
  return (pid < 0) ? pid : pid == group;
}


/* the process or thread of an entry of /proc */
static int isliving (int proc, const char *name, pid_t group) {
  char path[PATHSIZE];
  long long pgroup = 0;
  if (strtol(name, NULL, 10) <= 0)
    return 0;
  (void)snprintf(path, sizeof(path), "%.20s/stat", name);
  int rc = pfd_process_stat(proc, path, PFD_PGROUP, &pgroup);
  if (rc == -ESRCH || rc == -ENOENT)
    return 0;
  if (rc < 0 || pgroup != group)
    return rc;
  return pfd_process_lives(proc, path);
}


static int scan (int proc, pid_t group) {
  _Alignas(Entry) char buffer[BUFFERSIZE];
  int size;
  while ((size = pfd_sys_getdents(proc, buffer, sizeof(buffer))) > 0)
    for (int at = 0; at < size;) {
      const Entry *entry = (const Entry *)(const void *)(buffer + at);
      int rc = isliving(proc, entry->name, group);
      if (rc != 0)
        return rc;
      at += entry->length;
    }
  return size;
}


int pfd_signal_grouplives (pid_t pid) {
  int ours = pfd_process_isourproc();
  if (ours <= 0)
    return (ours < 0) ? ours : -EREMOTE;
  int proc = pfd_sys_openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY);
  if (proc < 0)
    return proc;
  int rc = scan(proc, pid);
  (void)pfd_sys_close(proc);
  return rc;
}
