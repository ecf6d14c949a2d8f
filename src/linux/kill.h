/*
** Killing a child that no caller gets: its program was not started, or its job
** was given up.
**
** SIGKILL ends a process when that next runs. This may take long: if it sleeps
** in the kernel for a device, gets no processor, is frozen, or if its tracer
** does not release it. So there is a bound to the waiting. A child that is not
** over by then is remembered, and one of the next calls reaps it. So no zombie
** is left, and no descriptor. Knows no Lua.
*/

#ifndef pfd_kill_h
#define pfd_kill_h

#pragma GCC visibility push(hidden)


struct World;

/*
** Kill the child, and reap it; close its pidfd, and free its world unless that
** is NULL. If the child is not over in time, do so later.
*/
void pfd_kill (int pidfd, struct World *world);

/* do so for those that are over by now, without waiting */
void pfd_kill_reap (void);


#pragma GCC visibility pop

#endif
