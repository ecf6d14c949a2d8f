/*
** Why a program cannot be executed that is there: a script names its
** interpreter after "#!", and a dynamically linked program names the dynamic
** linker. If that is missing, execve(2) fails with ENOENT, as if the program
** were. This process looks again, after the failure, so that the message can
** name the right file.
*/

#ifndef pfd_interpreter_h
#define pfd_interpreter_h

#include "launch.h"

#pragma GCC visibility push(hidden)


/*
** After execve(2) of the file of that index failed, or after none was found
** (-1): fill in the hint, and what the failure is about, if it was an
** interpreter.
*/
void pfd_interpreter_explain (const Launch *launch, int index, int rc,
                              Failure *failure);


#pragma GCC visibility pop

#endif
