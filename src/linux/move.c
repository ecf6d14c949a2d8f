#define _GNU_SOURCE /* F_DUPFD_CLOEXEC */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "child.h"

#include <fcntl.h>

#include "kernel.h"


static int iswanted (const Launch *l, int fd) {
  size_t i = 0;
  while (i < l->nmoves && l->moves[i].to != fd)
    i++;
  return i < l->nmoves;
}


static int duplicate (int fd) {
  return PFD_CALL(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0);
}


/* to that very number, open across exec */
static int dupto (int from, int to) {
  if (from == to)
    return PFD_CALL(SYS_fcntl, to, F_SETFD, 0);
  return PFD_CALL(SYS_dup3, from, to, 0);
}


/*
** A source that is another move's target is first saved where no other move
** goes. A target that is free, and taken on the way there, does no harm: its
** own move comes later.
*/
static int savesource (const Launch *l, Move *m) {
  m->safe = m->from;
  while (m->safe != m->to && iswanted(l, m->safe)) {
    int rc = duplicate(m->safe);
    if (rc < 0)
      return rc;
    m->safe = rc;
  }
  return 0;
}


/* likewise, and out of the way of all moves */
int pfd_move_report (World *w) {
  while (iswanted(&w->launch, w->report)) {
    int rc = duplicate(w->report);
    if (rc < 0)
      return pfd_child_failed(w, PFD_STEP_REPORT, -1, rc);
    w->report = rc;
  }
  return 0;
}


int pfd_move_descriptors (World *w) {
  const Launch *l = &w->launch;
  int n = (int)l->nmoves;
  for (int i = 0; i < n; i++) {
    int rc = savesource(l, &l->moves[i]);
    if (rc < 0)
      return pfd_child_failed(w, PFD_STEP_DUP, i, rc);
  }
  for (int i = 0; i < n; i++) {
    int rc = dupto(l->moves[i].safe, l->moves[i].to);
    if (rc < 0)
      return pfd_child_failed(w, PFD_STEP_DUP, i, rc);
  }
  return 0;
}


static int tonumber (const char *digits) {
  int n = 0;
  for (; *digits != '\0'; digits++)
    n = 10 * n + (*digits - '0');
  return n;
}


/* close what one buffer of the directory names and the child does not want */
static void closeentries (World *w, int dir, int size) {
  const Entry *entry;
  for (int at = 0; at < size; at += entry->length) {
    entry = (const Entry *)(const void *)(w->buffer + at);
    if (entry->name[0] == '.')
      continue;
    int fd = tonumber(entry->name);
    if (fd != dir && fd != w->report && !iswanted(&w->launch, fd))
      (void)PFD_CALL(SYS_close, fd);
  }
}


/* before Linux 5.9, or where a seccomp filter refuses close_range(2) */
static int closelisted (World *w) {
  static const char path[] = "/proc/self/fd";
  int dir = PFD_CALL(SYS_openat, AT_FDCWD, (long)path,
                     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0)
    return pfd_child_failed(w, PFD_STEP_OPENDIR, -1, dir);
  int size;
  while (
    (size = PFD_CALL(SYS_getdents64, dir, (long)w->buffer, PFD_BUFFERSIZE)) > 0)
    closeentries(w, dir, size);
  /* 'dir' is close-on-exec */
  return (size < 0) ? pfd_child_failed(w, PFD_STEP_READDIR, -1, size) : 0;
}


static int closerange (unsigned int first, unsigned int last) {
  return PFD_CALL(SYS_close_range, (long)first, (long)last, 0);
}


/* but for where to tell, which is close-on-exec */
static int closegap (const World *w, unsigned int first, unsigned int last) {
  unsigned int report = (unsigned int)w->report;
  if (report < first || report > last)
    return closerange(first, last);
  int rc = (report > first) ? closerange(first, report - 1) : 0;
  if (rc < 0 || report == last)
    return rc;
  return closerange(report + 1, last);
}


/* the gaps between the targets, and all above the last */
int pfd_move_closeothers (World *w) {
  const Launch *l = &w->launch;
  unsigned int next = 0;
  int rc = 0;
  for (size_t i = 0; i < l->nmoves && rc == 0; i++) {
    unsigned int to = (unsigned int)l->moves[i].to;
    if (to > next)
      rc = closegap(w, next, to - 1);
    next = to + 1;
  }
  if (rc == 0)
    rc = closegap(w, next, ~0U);
  return (rc < 0) ? closelisted(w) : 0;
}
