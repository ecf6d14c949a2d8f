/*
** Part of what 'make coverage' builds. A child that only asks the kernel
** something ends by a system call: its counts are written first.
*/

void __gcov_dump (void);
_Noreturn void __real_pfd_sys_quit (int status);
_Noreturn void __wrap_pfd_sys_quit (int status);


_Noreturn void __wrap_pfd_sys_quit (int status) {
  __gcov_dump();
  __real_pfd_sys_quit(status);
}
