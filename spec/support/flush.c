/*
** Part of what 'make coverage' builds. A child that only asks the kernel
** something ends by a system call: its counts are written first.
*/

/* the names are the compiler's and the linker's */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-*) */
void __gcov_dump (void);
_Noreturn void __real_pfd_sys_quit (int status);
_Noreturn void __wrap_pfd_sys_quit (int status);


_Noreturn void __wrap_pfd_sys_quit (int status) {
  __gcov_dump();
  __real_pfd_sys_quit(status);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-*) */
