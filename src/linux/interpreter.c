#define _GNU_SOURCE /* O_PATH */ /* NOLINT(bugprone-reserved-identifier,cert-*) */

#include "interpreter.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/param.h>

#include "sys.h"

/* the kernel reads as much of a file's beginning */
#define NAMESIZE 256

/* an interpreter may be a script: the kernel goes as far */
#define MAXDEPTH 5

#define MAXHEADERS 64


#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OURDATA ELFDATA2LSB
#else
#define OURDATA ELFDATA2MSB
#endif


/* a program header, of either size */
typedef struct Segment {
  int isinterpreter;
  long long offset;
  size_t size;
} Segment;


/* what stands after "#!", up to a space or the end of the line */
static int readscript (int fd, char name[NAMESIZE]) {
  char text[NAMESIZE];
  int length = pfd_sys_pread(fd, text, sizeof(text) - 1, 0);
  if (length < 2)
    return 0;
  text[length] = '\0';
  if (text[0] != '#' || text[1] != '!')
    return 0;
  const char *start = text + 2 + strspn(text + 2, " \t");
  size_t size = strcspn(start, " \t\n");
  memcpy(name, start, size);
  name[size] = '\0';
  return size > 0;
}


static int readsegment32 (int fd, int i, Segment *segment) {
  Elf32_Ehdr file;
  Elf32_Phdr header;
  if (pfd_sys_pread(fd, &file, sizeof(file), 0) != sizeof(file) ||
      i >= file.e_phnum)
    return 0;
  long long at =
    (long long)file.e_phoff + (long long)i * (long long)sizeof(header);
  if (pfd_sys_pread(fd, &header, sizeof(header), at) != sizeof(header))
    return 0;
  *segment = (Segment){header.p_type == PT_INTERP, (long long)header.p_offset,
                       header.p_filesz};
  return 1;
}


static int readsegment64 (int fd, int i, Segment *segment) {
  Elf64_Ehdr file;
  Elf64_Phdr header;
  if (pfd_sys_pread(fd, &file, sizeof(file), 0) != sizeof(file) ||
      i >= file.e_phnum)
    return 0;
  long long at =
    (long long)file.e_phoff + (long long)i * (long long)sizeof(header);
  if (pfd_sys_pread(fd, &header, sizeof(header), at) != sizeof(header))
    return 0;
  *segment = (Segment){header.p_type == PT_INTERP, (long long)header.p_offset,
                       (size_t)header.p_filesz};
  return 1;
}


static int readname (int fd, const Segment *segment, char name[NAMESIZE]) {
  size_t size = MIN(segment->size, (size_t)NAMESIZE - 1);
  int length = pfd_sys_pread(fd, name, size, segment->offset);
  name[(length > 0) ? length : 0] = '\0';
  return length > 0;
}


static int readelf (int fd, char name[NAMESIZE]) {
  unsigned char id[EI_NIDENT];
  if (pfd_sys_pread(fd, id, sizeof(id), 0) != sizeof(id) ||
      memcmp(id, ELFMAG, SELFMAG) != 0 || id[EI_DATA] != OURDATA)
    return 0;
  int (*readsegment)(int, int, Segment *) =
    (id[EI_CLASS] == ELFCLASS32) ? readsegment32 : readsegment64;
  Segment segment;
  for (int i = 0; i < MAXHEADERS && readsegment(fd, i, &segment); i++)
    if (segment.isinterpreter)
      return readname(fd, &segment, name);
  return 0;
}


/* the interpreter of a file; a named pipe or a device does not hold this up */
static int readinterpreter (int dir, const char *path, char name[NAMESIZE]) {
  int fd = pfd_sys_openat(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return 0;
  int found = readscript(fd, name) || readelf(fd, name);
  (void)pfd_sys_close(fd);
  return found;
}


/* as a string of Lua or C: a "\r" at its end is what one has to see */
static void quote (const char *name, char *to, size_t size) {
  size_t used = 0;
  for (; *name != '\0' && used + 6 < size; name++) {
    unsigned char c = (unsigned char)*name;
    if (c == '\r')
      used += (size_t)snprintf(to + used, size - used, "\\r");
    else if (c < ' ' || c == 0x7f || c == '"' || c == '\\')
      used += (size_t)snprintf(to + used, size - used, "\\%03u", c);
    else
      to[used++] = (char)c;
  }
  to[used] = '\0';
}


/* is an interpreter of the file, or that one's, what fails so? */
static int blame (int dir, const char *path, int rc, Failure *failure) {
  char names[2][NAMESIZE];
  const char *file = path;
  if (pfd_sys_access(dir, file) < 0)
    return 0;
  for (int i = 0; i < MAXDEPTH; i++) {
    char *name = names[i % 2];
    if (!readinterpreter(dir, file, name))
      return 0;
    if (pfd_sys_access(dir, name) == rc) {
      char quoted[NAMESIZE];
      quote(name, quoted, sizeof(quoted));
      (void)snprintf(failure->hint, sizeof(failure->hint),
                     "%sinterpreter \"%s\"", (rc == -ENOENT) ? "no " : "",
                     quoted);
      failure->what = path;
      return 1;
    }
    file = name;
  }
  return 0;
}


void pfd_interpreter_explain (const Launch *launch, int index, int rc,
                              Failure *failure) {
  int dir = AT_FDCWD;
  if (launch->cwd != NULL)
    dir = pfd_sys_openat(AT_FDCWD, launch->cwd, O_PATH | O_DIRECTORY);
  if (dir < 0 && dir != AT_FDCWD)
    return;
  int found = 0;
  for (int i = 0; launch->files[i] != NULL && !found; i++)
    if (index < 0 || i == index)
      found = blame(dir, launch->files[i], rc, failure);
  if (dir >= 0)
    (void)pfd_sys_close(dir);
}
