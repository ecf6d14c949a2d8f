---@meta pidfd

---Hold on to a process instead of to its number.
---
---A call returns something true, or fails with `nil, message, errno` where the
---kernel refuses, or raises where the program is wrong: a wrong type, a value
---out of range, a closed object. Every call that makes a descriptor may also
---fail with EMFILE (this process has none left) or ENFILE (the system has none
---left), after a full collection has not helped; and every call on an object
---with EBADF, if somebody has closed its descriptor by its number, unless the
---number belongs to another file by then.
---
---A system call may also fail for a reason that has nothing to do with the
---process in question, and then the Lua call that makes it fails with that
---errno: ENOSYS, EPERM, EACCES or another (a seccomp filter or a security
---module refuses it, and chooses the errno), ENOMEM (the kernel has no memory),
---EIO or EAGAIN (reading /proc failed this time) or ENOENT (/proc is not
---mounted, or hides the process).
local pidfd = {}

---Which version of this module it is.
---@type string
pidfd._VERSION = "pidfd 0.1.0"

---Flag bits. Bits without a name are passed on to the kernel.
---@class pidfd.Flags
---@field NONBLOCK integer for open and self: O_NONBLOCK, since Linux 5.10
---@field THREAD integer for open and self: a thread, since Linux 6.9
---@field SIGNAL_THREAD integer for send_signal: to the thread, since 6.9
---@field SIGNAL_THREAD_GROUP integer for send_signal: to the process
---@field SIGNAL_PROCESS_GROUP integer for send_signal: to its process group
---@field WEXITED integer for waitid: report the end
---@field WSTOPPED integer for waitid: report a stop
---@field WCONTINUED integer for waitid: report that it was continued
---@field WNOHANG integer for waitid: do not wait
---@field WNOWAIT integer for waitid: do not reap
---@field __WALL integer for waitid: children of any kind
---@field __WCLONE integer for waitid: children that send no SIGCHLD
---@field COREDUMPED integer in coredump_mask: a core was dumped, since 6.16
---@field COREDUMP_SKIP integer in coredump_mask: no core was wanted
---@field COREDUMP_USER integer in coredump_mask: dumped as the user
---@field COREDUMP_ROOT integer in coredump_mask: dumped as root

---@type pidfd.Flags
pidfd.flags = {}

---Errors: `pidfd.errno.ESRCH == 3`, `pidfd.errno[3] == "ESRCH"`.
---@see errno(3)
---@type { [string]: integer, [integer]: string }
pidfd.errno = {}

---Signals: `pidfd.signal.TERM == 15`, `pidfd.signal[15] == "TERM"`.
---@see signal(7)
---@type { [string]: integer, [integer]: string }
pidfd.signal = {}

---Get a handle on the process that `pid` names now. No permission is needed.
---
---Fails with ESRCH (no such process), EINVAL (a flag that this kernel does
---not know), ENOENT (a thread's id, and `flags` lacks THREAD; EINVAL before
---Linux 6.16), EMFILE or ENFILE (no descriptor left); with `namespace` also
---with ESRCH (nobody has that number there, or that namespace is not below this
---one), EINVAL (no pid namespace), ENOTTY (before Linux 6.11), EAGAIN (the
---number goes from one process to the next), and before Linux 6.13 with EREMOTE
---(as `p:pid`). Since Linux 5.3.
---
---With `namespace`, of `p:namespace "pid"`, `pid` is a number there.
---@see pidfd_open(2)
---@see ioctl(2) NS_GET_PID_FROM_PIDNS
---@param pid integer 1 to 2^31-1
---@param flags? integer any of NONBLOCK, THREAD; 0 to 2^32-1
---@param namespace? pidfd.Fd a pid namespace; may be absent, but not nil
---@return pidfd.Pidfd? p
---@return string? message
---@return integer? errno
---@nodiscard
function pidfd.open(pid, flags, namespace) end

---Get a handle on this process or, with THREAD, on the calling thread.
---
---Fails as `pidfd.open` does. Since Linux 5.3.
---@see pidfd_open(2)
---@param flags? integer any of NONBLOCK, THREAD; 0 to 2^32-1
---@return pidfd.Pidfd? p
---@return string? message
---@return integer? errno
---@nodiscard
function pidfd.self(flags) end

---An object that returns its descriptor from a method.
---@alias pidfd.Lender
---| { fileno: function }
---| { getfd: function }
---| { pollfd: function }

---A descriptor to borrow: its owner goes on owning it.
---@alias pidfd.Borrow integer|pidfd.Handle|file*|pidfd.Lender

---The program, its arguments, and options.
---@class pidfd.Spawn
---@field [integer] string the program, searched on PATH, and its arguments
---@field path? string the file to run; `[1]` stays its argv[0]
---@field env? table<string, string> the whole environment
---@field setenv? table<string, string|false> changes to it; false removes
---@field cwd? string the directory to start in
---@field stdin? "inherit"|"null"|"pipe"|pidfd.Borrow
---@field stdout? "inherit"|"null"|"pipe"|pidfd.Borrow
---@field stderr? "inherit"|"null"|"pipe"|"stdout"|pidfd.Borrow
---@field fds? table<integer, pidfd.Borrow> numbers from 3 up
---@field session? boolean setsid(2)
---@field pgroup? integer setpgid(2); 0 for a group of its own
---@field ctty? integer 0 to 2 or of `fds`: the session's terminal, TIOCSCTTY
---@field umask? integer umask(2), 0 to 511 (octal 777)
---@field nice? integer is added, as by nice(2): -20 to 19
---@field oom_score_adj? integer -1000 to 1000
---@field rlimits? pidfd.Limits
---@field keepsignals? (integer|string)[] stay ignored; {"HUP", "INT", "QUIT"}
---@field pdeathsig? integer|string PR_SET_PDEATHSIG
---@field groups? integer[] setgroups(2); {} is none; root needs it with `uid`
---@field gid? integer setresgid(2)
---@field uid? integer setresuid(2)
---@field nnp? boolean PR_SET_NO_NEW_PRIVS
---@field cgroup? string|pidfd.Borrow directory of a cgroup v2, since Linux 5.7
---@field autoreap? boolean nobody has to wait for it; Linux 7.1
---@field autokill? boolean it dies with this pidfd; Linux 7.1

---@alias pidfd.Limit integer|"unlimited"

---Limits of setrlimit(2): one value for both, or the soft and the hard one.
---@class pidfd.Limits
---@field [string] pidfd.Limit|pidfd.Limit[]

---Our ends of the pipes that were asked for.
---@class pidfd.Pipes
---@field stdin? pidfd.Fd to be written
---@field stdout? pidfd.Fd to be read
---@field stderr? pidfd.Fd to be read

---Start a program. The child has the descriptors that are named, and no others;
---no signal blocked, and default actions for all signals but those of
---`keepsignals` where this process ignores them. The PATH is this process's,
---whatever `env` says; relative paths, there and of the program, start at
---`cwd`. The order of the steps is cgroup, session, pgroup, the descriptors,
---ctty, nice, oom_score_adj, umask, rlimits, groups, gid, uid, nnp, pdeathsig,
---cwd (entered as the new user). With uid, gid or oom_score_adj, this process's
---memory is copied, as by fork(2); else it is not.
---
---A pidfd that is closed or collected neither ends nor reaps the child: it has
---to be waited for, or it stays a zombie until this process ends. With
---`autokill`, which takes `autoreap`, it is killed when this pidfd, and its
---duplicates, are closed. If the child has ended, writing to its pipe by
---`fd:write` fails with EPIPE; by a file of `fd:file`, it causes SIGPIPE, which
---ends this process unless it ignores that.
---
---Fails with the errno of the step that the message names, such as ENOENT (no
---such program, interpreter of it, cwd or cgroup), ENOTDIR, ENAMETOOLONG or
---ELOOP (no valid path), EIO or ESTALE (it cannot be reached), EACCES (the
---program may not be executed, or cwd or cgroup entered; no right to a lower
---nice or oom_score_adj), ENOTTY (ctty is no terminal), ENOEXEC or ELIBBAD (no
---program format), ETXTBSY (somebody is writing the program), E2BIG (too long
---arguments), EPERM (no right to that uid, gid, groups or pgroup, or to a
---higher hard limit; pgroup with session; ctty is another session's terminal),
---EBADF (a descriptor to borrow is not open, or cgroup is no cgroup v2
---directory), EBUSY, EOPNOTSUPP or ENODEV (that cgroup takes no process),
---EAGAIN (too many processes), EINVAL (no such pdeathsig, a soft limit above
---the hard one, or an option that this kernel lacks), ENOSYS (autoreap and
---autokill where clone3(2) is refused; no pidfds), ENOMEM (no memory, or with
---uid, gid or oom_score_adj none for the copy of this process's; no init in the
---pid namespace for children), EMFILE or ENFILE (no descriptor left); then
---there is neither a child nor a descriptor.
---
---Lua's hooks run while it waits for the program to run. If one raises, the
---child is killed. A child that is killed before the program runs counts as
---started. Since Linux 5.4.
---@see clone(2) CLONE_PIDFD
---@see execve(2)
---@param options pidfd.Spawn
---@return pidfd.Pidfd? p
---@return pidfd.Pipes|string|nil pipes or the message
---@return integer? errno
---@nodiscard
function pidfd.spawn(options) end

---Those of `pidfd.spawn`, and more. `stdin` is "null" if absent, without
---`input`; `stdout` and `stderr` are collected if absent, or "pipe".
---@class pidfd.Run: pidfd.Spawn
---@field input? string for stdin
---@field timeout? number seconds for the whole; then the job is ended
---@field grace? number seconds from SIGTERM to SIGKILL; 2
---@field scope? "group"|"process"|"cgroup" what the job is; "group"
---@field limit? integer bytes of each output to keep; more is dropped
---@field linger? number seconds to read on after the program's end; 0.2

---How a program has ended, and what it has written. `tostring` makes a line of
---it: "sort: exit 2 (timed out after 5 s)".
---@class pidfd.Result
---@field ok boolean it has exited with 0, in time
---@field how "exit"|"signal"|"unknown"
---@field code? integer exit status or signal number; nil if "unknown"
---@field stdout? string if it was collected
---@field stderr? string if it was collected
---@field timedout boolean the job was ended because its time was over
---@field truncated boolean there was more output than `limit`
---@field held boolean somebody still had the output when we stopped reading
---@field rusage? pidfd.Rusage nil if somebody else has reaped the program
---@field program string as it was given
---@field timeout? number as it was given

---Run a program to its end: start it, give it its input, collect its output,
---and wait, all at the same time. When its time is over, its job is ended: the
---process group that it leads, itself alone, or its cgroup gets SIGTERM, and
---what is left of it after the grace time gets SIGKILL. A program that fails is
---a result.
---
---Fails as `pidfd.spawn` does, where the program cannot be started. Later, when
---its job has been killed, with ENOMEM (no memory for its output), EPERM (its
---time is over, and it may not be signalled), ETIMEDOUT (it has not ended
---within five seconds of SIGKILL), EDEADLK (this process is in that cgroup
---itself) or EINVAL (somebody else has reaped the program, and before Linux 6.9
---its group cannot be reached).
---
---What the program has started, and left behind, lives on, unless the time is
---over. Lua's hooks run meanwhile; if one raises, the job gets SIGKILL first.
---Input that is not read causes no SIGPIPE. Since Linux 5.4.
---@param options pidfd.Run
---@return pidfd.Result? result
---@return string? message
---@return integer? errno
---@nodiscard
function pidfd.run(options) end

---Take over a descriptor number of this process, which no other object owns,
---after making sure that it is a pidfd, and set its close-on-exec flag.
---
---Fails with EBADF (not open, or no pidfd) or ENOENT (it is none of Linux 6.9
---or newer, and /proc, which knows older ones, is not mounted); then the caller
---still owns it. Since Linux 5.3.
---@see fstatfs(2)
---@param fd integer 0 to 2^31-1
---@return pidfd.Pidfd? p
---@return string? message
---@return integer? errno
---@nodiscard
function pidfd.adopt(fd) end

---Duplicate a descriptor of another process into this one; the same as
---`p:getfd(targetfd, flags)`.
---
---Fails as `p:getfd` does. Since Linux 5.6.
---@see pidfd_getfd(2)
---@param p pidfd.Pidfd
---@param targetfd integer a number in the descriptor table of that process
---@param flags? integer no flag is defined yet; 0 to 2^32-1
---@return pidfd.Fd? fd
---@return string? message
---@return integer? errno
---@nodiscard
function pidfd.getfd(p, targetfd, flags) end

---Wait for one or more of many objects to be ready: a pidfd when its process
---has ended, a pidfd.fd when `fd:read` would not wait (one that is open only
---for writing: when nobody reads any more).
---
---Fails with EBADF (somebody has closed a descriptor by its number) or ENOMEM.
---Since Linux 5.3.
---@see poll(2)
---@param list (pidfd.Pidfd|pidfd.Fd)[]
---@param timeout? number seconds; for ever if absent, 0 does not wait
---@return (pidfd.Pidfd|pidfd.Fd)[]? ready in order; empty if the time is over
---@return string? message
---@return integer? errno
---@nodiscard
function pidfd.poll(list, timeout) end

---Get a handle on the process that a token of `p:token` names, or PID:INODE, as
---kill(1), waitpid(1) and nsenter(1) of util-linux 2.42 have it; that is also
---systemd's `MAINPID .. ":" .. MAINPIDFDID`.
---
---Fails with ESRCH (it is gone, whoever has its number now, or the system has
---been started again), EINVAL (not a token), ENOENT (/proc is not mounted),
---EOPNOTSUPP (before Linux 6.9), EMFILE or ENFILE (no descriptor left). Since
---Linux 6.9.
---@param token string
---@return pidfd.Pidfd? p
---@return string? message
---@return integer? errno
---@nodiscard
function pidfd.from_token(token) end

---Get a handle on the process at the other end of a unix socket: the one that
---has connected, that has called listen(2), or that has made the socketpair(2).
---
---Fails with ENODATA (not connected, or no unix socket), ENOTSOCK (no socket),
---EBADF (not open), ENOPROTOOPT (before Linux 6.5), before Linux 6.16 EINVAL or
---ESRCH (it has ended and been reaped), EMFILE or ENFILE (no descriptor left).
---Since Linux 6.5.
---@see unix(7) SO_PEERPIDFD
---@param socket pidfd.Borrow
---@return pidfd.Pidfd? p
---@return string? message
---@return integer? errno
---@nodiscard
function pidfd.peer(socket) end

---Send all of `data`, and with its first byte duplicates of the descriptors in
---a list, at most 253. Wait for room at most `timeout` seconds, for ever if
---absent.
---
---Fails with EPIPE (nobody will receive it; without SIGPIPE), ETIMEDOUT,
---EMSGSIZE (too long for one message), ENOTCONN or EDESTADDRREQ (not
---connected), ECONNREFUSED or ECONNRESET (the other end has gone), ENOTSOCK (no
---socket), EBADF (it, or one of the list, is not open), EOPNOTSUPP (descriptors
---need a unix socket), ETOOMANYREFS (as many as this process may have wait to
---be received), EINVAL (one that cannot be sent), EPERM (the other end takes
---none: Linux 6.16) or ENOBUFS. The descriptors were sent if any byte was.
---Since Linux 5.3.
---@see unix(7) SCM_RIGHTS
---@param socket pidfd.Borrow
---@param data string not empty, if descriptors go over a stream
---@param list? pidfd.Borrow[]
---@param timeout? number seconds
---@return integer? bytes all
---@return string? message
---@return integer? errno
---@return integer? sent how many bytes, if not all
function pidfd.send(socket, data, list, timeout) end

---@class pidfd.Received
---@field fds (pidfd.Pidfd|pidfd.Fd)[] what came with it, by type
---@field sender? pidfd.Pidfd who sent it, after `pidfd.passpidfd`
---@field truncated boolean was a part of it lost?
---@field lost? "data"|"fds"|"both" which: bytes over `max`, or descriptors

---Receive what is there, up to `max` bytes, and what descriptors came with it.
---Wait for it at most `timeout` seconds, for ever if absent. The string is ""
---at the end of a stream.
---
---Fails with ETIMEDOUT, ECONNRESET (the other end has gone), ENOTCONN (not
---connected), EINVAL (likewise, or it listens), ENOTSOCK (no socket), EBADF
---(not open), EMFILE or ENFILE (no descriptor left for those of the message) or
---ENOMEM (no memory for so much). Then the message stays in the socket. Since
---Linux 5.3.
---@see unix(7) SCM_RIGHTS, SCM_PIDFD
---@param socket pidfd.Borrow
---@param max integer bytes, from 1 up
---@param timeout? number seconds
---@return string? data
---@return pidfd.Received|string extra or the message
---@return integer? errno
function pidfd.receive(socket, max, timeout) end

---Set whether `pidfd.receive` tells the sender of each message. The kernel
---notes it when the message is sent. A sender that is root can name another
---process.
---
---Fails with ENOTSOCK (no socket), EBADF (not open), EOPNOTSUPP (an internet
---socket, or the like: Linux 6.16) or ENOPROTOOPT (before Linux 6.5). Since
---Linux 6.5.
---@see unix(7) SO_PASSPIDFD
---@param socket pidfd.Borrow
---@param on boolean
---@return true? done
---@return string? message
---@return integer? errno
function pidfd.passpidfd(socket, on) end

---@alias pidfd.Feature
---| "autoreap" # Linux 7.1; also for autokill
---| "coredump_code" # 7.1
---| "getfd" # 5.6
---| "id" # 6.9; also for == and tokens
---| "info" # 6.13
---| "info_exit" # 6.15; the end of processes that are no children
---| "madvise" # 5.10
---| "mrelease" # 5.15
---| "namespaces" # 6.11; without it /proc is read
---| "nonblock" # 5.10
---| "passpidfd" # 6.5
---| "peer" # 6.5
---| "pid_in_namespace" # 6.11; p:pid and pidfd.open with a namespace
---| "proc" # 5.6; also for p:link and p:list
---| "signal_scopes" # 6.9
---| "thread" # 6.9
---| "waitid" # 5.4

---Tell whether the running kernel has a feature, and no seccomp filter refuses
---it.
---
---Fails with EMFILE, ENFILE, ENOMEM, ENOBUFS or EAGAIN (no descriptor, memory
---or process left to find out) or with the errno of a filter that refuses
---clone(2): a child asks, because a filter may kill the process that asks.
---@param name pidfd.Feature
---@return boolean? supported
---@return string? message
---@return integer? errno
---@nodiscard
function pidfd.supports(name) end

---Tell what kind of object any value is, as `io.type` does for files.
---@param v any
---@return "pidfd"|"pidfd.fd"|"closed pidfd"|"closed pidfd.fd"|nil
---@nodiscard
function pidfd.type(v) end

---What both kinds of object have: each owns one descriptor, and closes it
---exactly once, by `close`, at the end of a `<close>` variable, or when it is
---collected. `tostring` names it and never raises.
---@class pidfd.Handle
local handle = {}

---Give the descriptor back. A closed object stays closed.
---
---Fails with EIO, ENOSPC or EDQUOT (what was written before could not be
---stored) or EINTR (a signal came meanwhile), and is closed all the same.
---@see close(2)
---@return true? ok
---@return string? message
---@return integer? errno
function handle:close() end

---Disown the descriptor: the caller has to close it from now on. What
---`fd:lines` has read ahead is lost.
---@return integer fd
---@nodiscard
function handle:release() end

---Borrow the descriptor: the object still owns it.
---@return integer fd
---@nodiscard
function handle:fileno() end

---For cqueues: the number of this object's descriptor.
---@return integer fd
---@nodiscard
function handle:pollfd() end

---For cqueues: which events to wait for; "w" for a pidfd.fd that is open only
---for writing.
---@return "r"|"w"
---@nodiscard
function handle:events() end

---For cqueues: how long to wait at most.
---@return nil forever
---@nodiscard
function handle:timeout() end

---For LuaSocket: is there something in a buffer? True for a pidfd.fd of which
---`fd:lines` has read more than it has returned.
---@return boolean
---@nodiscard
function handle:dirty() end

---Any other descriptor that this module makes: one taken out of a process, a
---namespace, our end of a pipe.
---@class pidfd.Fd: pidfd.Handle
local fd = {}

---Duplicate the descriptor, close-on-exec.
---
---Fails with EMFILE (no descriptor left) or EBADF (somebody has closed this
---one by its number).
---@see fcntl(2)
---@return pidfd.Fd? fd
---@return string? message
---@return integer? errno
---@nodiscard
function fd:dup() end

---Turn the descriptor into a file of Lua's io library, which owns it from now
---on; `fd` is closed. The file shares its offset with whoever else has it.
---
---Fails with EINVAL (`mode` wants to read or write what the descriptor cannot),
---ENOMEM (no memory for the file), EBUSY (there is input that was read and not
---taken yet: take it with `fd:read`. Or a finalizer or a hook asks while
---`fd:read` or `fd:lines` makes its string), EMFILE or ENFILE (no descriptor to
---spare, which Lua 5.1 and LuaJIT need), and then `fd` keeps the descriptor.
---@see fdopen(3)
---@param mode? string as for io.open, "r" if absent; "w" does not truncate
---@return file*? file
---@return string? message
---@return integer? errno
---@nodiscard
function fd:file(mode) end

---For LuaSocket: the number of this object's descriptor.
---@return integer fd
---@nodiscard
function fd:getfd() end

---Read what is there, up to `n` bytes; wait for the first byte. "" is returned
---only at the end of the input. What `fd:lines` has read ahead comes first.
---O_NONBLOCK makes no difference, and stays as it is. Of a datagram, what is
---over `n` bytes is lost.
---
---Fails with ETIMEDOUT (nothing has come), EBADF (not open for reading),
---ECONNRESET (the other end of a connection has gone), EINVAL (cannot be read,
---as a namespace), EISDIR (a directory), ENOMEM (no memory for so much), EBUSY
---(`fd:read` or `fd:lines` is making its string: only a finalizer or a hook
---sees this) or another errno of read(2).
---@see read(2)
---@param n integer bytes, from 1 up
---@param timeout? number seconds; for ever if absent, 0 does not wait
---@return string? data
---@return string? message
---@return integer? errno
---@nodiscard
function fd:read(n, timeout) end

---Write all of `s`; wait for room. It never causes SIGPIPE. O_NONBLOCK makes no
---difference, and stays as it is.
---
---Fails with EPIPE (nobody will read it), ETIMEDOUT (the time is over), EBADF
---(not open for writing), EINVAL (cannot be written, as a namespace), ENOSPC
---(the disk is full), EMSGSIZE (too long for one datagram) or another errno of
---write(2). The fourth value is how many bytes were written.
---@see write(2)
---@param s string
---@param timeout? number seconds for the whole; as for fd:read
---@return true? ok
---@return string? message
---@return integer? errno
---@return integer? written
function fd:write(s, timeout) end

---Read line by line, without the newlines; a last line need not have one. The
---iterator raises an error where `fd:read` would fail; after a time-out it can
---be called again, and nothing is lost. EBUSY means that `fd:read` or
---`fd:lines` is making its string: only a finalizer or a hook sees this. It
---reads up to 64 KiB ahead: `fd:read` and other iterators go on there;
---`fd:release` and `fd:close` lose it.
---@see read(2)
---@param timeout? number seconds for each line; as for fd:read
---@return fun(): string? next
---@nodiscard
function fd:lines(timeout) end

---Set or clear O_NONBLOCK, for all who share the open file.
---
---Fails with EBADF (somebody has closed the descriptor by its number).
---@see fcntl(2)
---@param on boolean
---@return true? ok
---@return string? message
---@return integer? errno
function fd:nonblock(on) end

---A process, or a thread.
---@class pidfd.Pidfd: pidfd.Handle
local p = {}

---Duplicate the descriptor, close-on-exec.
---
---Fails with EMFILE (no descriptor left) or EBADF (somebody has closed this
---one by its number).
---@see fcntl(2)
---@return pidfd.Pidfd? p
---@return string? message
---@return integer? errno
---@nodiscard
function p:dup() end

---Duplicate a descriptor of that process into this one. Offset and status flags
---are shared with the original, and the process is not told.
---
---Fails with EBADF (that process has no such descriptor), EPERM (no ptrace
---access to it), ESRCH (it has ended), EINVAL (any flag), EMFILE or ENFILE (no
---descriptor left), ENOSYS (before Linux 5.6) or, before Linux 6.9, EOPNOTSUPP
---(its first thread has ended, and others run). Since Linux 5.6.
---
---Without any argument it returns the number of this object's own descriptor,
---for LuaSocket's select.
---@see pidfd_getfd(2)
---@param targetfd integer a number in the descriptor table of that process
---@param flags? integer no flag is defined yet; 0 to 2^32-1
---@return pidfd.Fd? fd
---@return string? message
---@return integer? errno
---@overload fun(self: pidfd.Pidfd): integer
---@nodiscard
function p:getfd(targetfd, flags) end

---See what descriptors the process has: its numbers, and what readlink(2) says
---of each in its /proc directory, such as "/var/log/x (deleted)"; "(name too
---long)" for more than 4095 bytes.
---
---Fails with ESRCH (it has ended), EACCES (no ptrace access to it), EREMOTE
---(this /proc does not show its pid namespace), ENOENT (/proc is not mounted,
---or hides it), EMFILE or ENFILE (no descriptor left), or EAGAIN (its first
---thread has ended, and the others come and go). Since Linux 5.3.
---@see proc_pid_fd(5)
---@return table<integer, string>? targets
---@return string? message
---@return integer? errno
---@nodiscard
function p:fds() end

---The number of the process in this pid namespace.
---
---Fails with ESRCH (it has been reaped), EREMOTE (it cannot be seen from this
---namespace) or, before Linux 6.13, ENOENT (/proc is not mounted), EMFILE or
---ENFILE (no descriptor left to read it); with `namespace` also with ESRCH (it
---is not in that namespace), EINVAL (no pid namespace) or ENOTTY (before Linux
---6.11). Since Linux 5.3.
---
---With `namespace`, of `p:namespace "pid"`, its number there.
---@see ioctl(2) PIDFD_GET_INFO, NS_GET_PID_IN_PIDNS
---@param namespace? pidfd.Fd a pid namespace; may be absent, but not nil
---@return integer? pid
---@return string? message
---@return integer? errno
---@nodiscard
function p:pid(namespace) end

---What the kernel tells of a process; what it does not tell is nil. Once the
---process has been reaped there are only `exit`, `cgroupid` and the three
---fields of a crash.
---@class pidfd.Info
---@field pid? integer
---@field tgid? integer
---@field ppid? integer
---@field ruid? integer
---@field rgid? integer
---@field euid? integer
---@field egid? integer
---@field suid? integer
---@field sgid? integer
---@field fsuid? integer
---@field fsgid? integer
---@field cgroupid? integer inode number of its cgroup v2 directory
---@field exit? pidfd.Exit since Linux 6.15
---@field coredump_mask? integer what a crash would leave or has left, of
---COREDUMPED and the like, since Linux 6.16
---@field coredump_signal? integer if it crashed, and core(5) has "%F" or a
---socket in its pattern, since Linux 6.19
---@field coredump_code? integer si_code of that signal, since Linux 7.1

---How a process ended.
---@class pidfd.Exit
---@field how "exit"|"signal"
---@field code integer exit status or signal number
---@field core boolean was a core dumped?

---Ask what the kernel tells of the process. No permission is needed.
---
---Fails with ESRCH (it has been reaped, before Linux 6.15), EREMOTE (it cannot
---be seen from this pid namespace; ESRCH before 7.0), ENOTTY or EINVAL (before
---6.13). Since Linux 6.13.
---@see ioctl(2) PIDFD_GET_INFO
---@return pidfd.Info? info
---@return string? message
---@return integer? errno
---@nodiscard
function p:info() end

---The inode number of the process, which no other has until the system is
---started again. `p == q` compares it.
---
---Fails with EOPNOTSUPP (before Linux 6.9). Since Linux 6.9.
---@see fstat(2)
---@return integer? id
---@return string? message
---@return integer? errno
---@nodiscard
function p:id() end

---Read one file of the process's /proc directory, such as "stat" or
---"task/4242/comm", whole; or write `text` there by one write(2), as to
---"oom_score_adj", "uid_map" or "comm": to this very process or to nobody. A
---name that leads out of the directory raises.
---
---Fails with ESRCH (it has been reaped, or ended meanwhile), EACCES (no ptrace
---access, or no permission), ENOENT (no such file; or /proc is not mounted, or
---hides the process), ENOTDIR (a file below a file), ENAMETOOLONG (too long a
---name), ELOOP (a link), EISDIR (a directory), EFBIG ("pagemap", which has 256
---GiB and more), EREMOTE (this /proc does not show its pid namespace), ENOSYS
---(before Linux 5.6), EMFILE or ENFILE (no descriptor left), EAGAIN (its first
---thread has ended, and the others come and go), or with what reading that very
---file fails with, such as EIO ("mem"), EINVAL ("clear_refs") or EPERM
---("timerslack_ns"). To write, it fails besides with what that file says to the
---text: EINVAL or ERANGE (it does not take it, or not from another process, as
---"comm"), EPERM or EACCES (a privilege is missing), EMSGSIZE (it has taken a
---part of the text, and acted on that). Since Linux 5.6.
---
---Files about memory, such as "maps", are empty for a zombie and for a moment
---while a program is started, or fail with ESRCH or EACCES, as "environ" does.
---@see proc(5)
---@param name string
---@param text? string to write; may be absent, but not nil
---@return string|true|nil content true after a write
---@return string? message
---@return integer? errno
function p:proc(name, text) end

---Where a link of the process's /proc directory leads, such as "exe", "cwd",
---"root", "ns/net", "fd/3", "task/4242/cwd". A name that leads out of the
---directory raises.
---
---Fails with ESRCH (it has ended), EACCES (no ptrace access), ENOENT (no such
---link, or it has none; or /proc is not mounted, or hides the process), EINVAL
---(no link), ENOTDIR (below a file), ELOOP (below another link), ENAMETOOLONG
---(too long a name, or it leads to more than 4095 bytes), EREMOTE (this /proc
---does not show its pid namespace), EMFILE or ENFILE (no descriptor left),
---ENOSYS (before Linux 5.6) or EAGAIN (its first thread has ended, and the
---others come and go). Since Linux 5.6.
---@see readlink(2)
---@param name string
---@return string? target
---@return string? message
---@return integer? errno
---@nodiscard
function p:link(name) end

---The names in a directory of the process's /proc directory, such as "task",
---"fd", "map_files" or "ns"; "." is that directory. They are strings, numbers
---too, in the kernel's order. What comes or goes meanwhile may be there or not;
---of a zombie, "fd" and "map_files" are empty, or fail with EACCES. A name that
---leads out of the directory raises.
---
---Fails with ESRCH (it has been reaped, or ended meanwhile), EACCES (no ptrace
---access), ENOENT (no such directory; or /proc is not mounted, or hides the
---process), ENOTDIR (no directory), ELOOP (a link), ENAMETOOLONG (too long a
---name), EREMOTE (this /proc does not show its pid namespace), EMFILE or ENFILE
---(no descriptor left), ENOSYS (before Linux 5.6) or EAGAIN (its first thread
---has ended, and the others come and go). Since Linux 5.6.
---@see getdents(2)
---@param name string
---@return string[]? names
---@return string? message
---@return integer? errno
---@nodiscard
function p:list(name) end

---Pidfds of the direct children of the process, those of all its threads,
---zombies among them. Each was surely its child when it was opened. A process
---that is a child from the beginning to the end of the call is in the list.
---
---Fails with ESRCH (it has ended), EREMOTE (it cannot be seen from this pid
---namespace, or /proc is another namespace's), ENOENT (/proc is not mounted, or
---hides the process), EMFILE or ENFILE (no descriptor left: it takes one for
---each child, and none stays) or ENOSYS (before Linux 5.3). Since Linux 5.3.
---@see proc_pid_task(5)
---@return pidfd.Pidfd[]? children
---@return string? message
---@return integer? errno
---@nodiscard
function p:children() end

---A string by which `pidfd.from_token` finds the same process again, in another
---program too: "1:process:PID:ID:BOOT" or "1:thread:PID:ID:BOOT". A short one
---is "PID:ID", as util-linux has it: it is valid until the system is started
---again, and names no thread.
---
---Fails with ESRCH (it has been reaped), EREMOTE (it cannot be seen from this
---pid namespace), ENOENT (/proc is not mounted; not if short), EINVAL (a short
---one of a thread), EOPNOTSUPP (before Linux 6.9), EMFILE or ENFILE (no
---descriptor left to read /proc). Since Linux 6.9.
---@param form? "short"
---@return string? token
---@return string? message
---@return integer? errno
---@nodiscard
function p:token(form) end

---@alias pidfd.Kind "cgroup"|"ipc"|"mnt"|"net"|"pid"|"time"|"user"|"uts"

---Open a namespace of the process.
---
---Fails with EACCES (no ptrace access), ESRCH (it has ended), EOPNOTSUPP (a
---kernel without such namespaces; ENOENT before Linux 6.11, also where /proc is
---not mounted), EMFILE or ENFILE (no descriptor left). Since Linux 5.3.
---@see ioctl(2) PIDFD_GET_NET_NAMESPACE and the like
---@param kind pidfd.Kind|"pid_for_children"|"time_for_children"
---@return pidfd.Fd? fd
---@return string? message
---@return integer? errno
---@nodiscard
function p:namespace(kind) end

---Move the calling thread into these namespaces of the process, into all of
---them or into none. With "pid", only the children that are started from now on
---are in the namespace, and not this process.
---
---Fails with EPERM (no right to enter them, or no ptrace access), ESRCH (it has
---ended), EINVAL (this process's own user namespace; "user" or "mnt", if this
---process has several threads; before Linux 5.8), EUSERS ("time", if this
---process has several threads) or, before Linux 6.9, EOPNOTSUPP (its first
---thread has ended, and others run). Since Linux 5.8.
---@see setns(2)
---@param kind pidfd.Kind
---@param ... pidfd.Kind
---@return true? ok
---@return string? message
---@return integer? errno
function p:setns(kind, ...) end

---Free the memory of a process that has been killed, now.
---
---Fails with EINVAL (it is not about to die, or lives in a foreign pid
---namespace), ESRCH (it has ended), EAGAIN (not all yet: try again) or ENOSYS
---(before Linux 5.15). Since Linux 5.15.
---@see process_mrelease(2)
---@return true? ok
---@return string? message
---@return integer? errno
function p:mrelease() end

---Tell the kernel what to expect of the memory of the process.
---
---Fails with EINVAL (unknown advice, more than 1024 ranges, an address that is
---not at the start of a page), ENOMEM (nothing is mapped there), EACCES (no
---ptrace access, to read; before Linux 5.12, to attach), EPERM (no
---CAP_SYS_NICE), EFAULT (a range that cannot be advised, such as "[vsyscall]"),
---EBUSY or EIO (a page is in use, or cannot be read), ESRCH (it has ended) or
---ENOSYS (before Linux 5.10). Since Linux 5.10; "COLLAPSE" since 6.1.
---@see process_madvise(2)
---@param advice "COLD"|"PAGEOUT"|"WILLNEED"|"COLLAPSE"|integer
---@param ranges { [1]: integer, [2]: integer }[] address and length in bytes
---@return integer? bytes how many the kernel has advised
---@return string? message
---@return integer? errno
function p:madvise(advice, ranges) end

---Send a signal: a number, 0 to ask for permission only, or a name such as
---"TERM", "SIGTERM", "RTMIN+3".
---
---Fails with ESRCH (it has been reaped, but a zombie takes any signal; or it
---leads no process group), EPERM (no permission), EINVAL (no such signal, a
---foreign pid namespace, an unknown flag or several; before Linux 6.9 a flag
---for what is neither this process nor a child that is not reaped), EAGAIN
---(with `value`: too many signals are queued) or EMFILE, ENFILE, ENOENT (with a
---flag, before Linux 6.9: the pid cannot be read from /proc). Since Linux 5.1.
---@see pidfd_send_signal(2)
---@param sig integer|string
---@param flags? integer SIGNAL_THREAD, SIGNAL_THREAD_GROUP or
---SIGNAL_PROCESS_GROUP; as `p` was opened if absent
---@param value? integer queue the signal, with these 32 bits as its value
---@return true? ok
---@return string? message
---@return integer? errno
function p:send_signal(sig, flags, value) end

---Wait for the process to end. Signal handlers of Lua run meanwhile.
---
---Fails with EBADF if somebody has closed the descriptor's number. Since Linux
---5.3.
---@see poll(2)
---@param timeout? number seconds; for ever if absent, 0 does not wait
---@return boolean? ended false when the time is over
---@return string? message
---@return integer? errno
function p:poll(timeout) end

---Wait for the end of any process, child or not, and tell how it ended. A
---child is reaped, or with "peek" left to its owner, such as luv or io.popen.
---Asked again, it answers the same.
---
---Fails with ETIMEDOUT (it runs still), EDEADLK (it is this process), EMFILE or
---ENFILE (no descriptor left to read /proc), or, before Linux 6.13 and if it is
---no child, ENOENT or EREMOTE (it cannot be told whether it is this process,
---because /proc is not mounted, or is another namespace's). Since Linux 5.4;
---how a process ended that somebody else reaped, since 6.15.
---@see waitid(2)
---@param timeout? number seconds; for ever if absent, 0 does not wait
---@param reap? "peek" do not reap a child
---@return "exit"|"signal"|"unknown"|nil how
---@return integer|string|nil code exit status, signal number, or the message
---@return integer? errno
function p:wait(timeout, reap) end

---For Copas, `copas.receive(p)`: how the process ended, or nil and "timeout"
---while it runs. Since Linux 5.4.
---
---Fails as `p:wait` does.
---@return "exit"|"signal"|"unknown"|nil how
---@return integer|string|nil code exit status, signal number, or the message
---@return integer? errno
function p:receive() end

---What waitid tells besides.
---@class pidfd.Child
---@field pid integer
---@field uid integer
---@field core boolean was a core dumped?
---@field rusage pidfd.Rusage

---@class pidfd.Rusage
---@field utime number seconds in user mode
---@field stime number seconds in the kernel
---@field maxrss integer bytes
---@field minflt integer page faults without input
---@field majflt integer page faults with input
---@field inblock integer reads of the file system
---@field oublock integer writes of the file system
---@field nvcsw integer context switches of its own will
---@field nivcsw integer context switches against it

---Wait for a child as the options say. A stop or continuation is noticed
---within 10 ms.
---
---Fails with ECHILD (no child, or waited for already), EINVAL (none of
---WEXITED, WSTOPPED and WCONTINUED, or an unknown option) or EAGAIN (nothing to
---report, and the pidfd is NONBLOCK). Since Linux 5.4.
---@see waitid(2)
---@param options integer of WEXITED, WSTOPPED, WCONTINUED, WNOHANG, WNOWAIT,
---__WALL, __WCLONE
---@return "exit"|"signal"|"stop"|"trap"|"continue"|false|nil how
---false: with WNOHANG, nothing to report
---@return integer|string|nil code exit status, signal number, or the message
---@return pidfd.Child|integer|nil child or errno
function p:waitid(options) end

---End the process: send SIGTERM, and SIGCONT in case it is stopped, wait, send
---SIGKILL if it runs still, wait five seconds at most. A child is reaped, or
---with "peek" left to its owner.
---
---With "group" all that is in the process group that it leads, or has led, is
---ended; with "cgroup" all that is in the cgroup that it was spawned into, and
---below. The rest is waited for, too, and is ended even if the process is over.
---
---Fails with EPERM (no permission to signal it; or it is a thread of the
---kernel, or PID 1 of this pid namespace, and gets no signal), EINVAL (it lives
---in a foreign pid namespace; it leads no group, or was not spawned into a
---cgroup; before Linux 6.9, "group", unless it is a child that has not been
---reaped), EDEADLK (it is this process or a thread of it, or this process is in
---that group or cgroup, or may be: nothing gets a signal), ETIMEDOUT (it, or
---the rest, has not ended within five seconds of SIGKILL), EOPNOTSUPP (the
---cgroup is threaded, or the root), EACCES (its files may not be read), ELOOP
---(too many cgroups are one below the other in it), or EMFILE, ENFILE, ENOENT,
---EREMOTE (whether it is one of those cannot be told from /proc, and it gets no
---signal). Since Linux 5.4.
---@see pidfd_send_signal(2)
---@param grace number seconds between the two signals
---@param scope? "process"|"group"|"cgroup"|"peek" "process" if absent
---@param reap? "peek" do not reap a child
---@return "exit"|"signal"|"unknown"|nil how
---@return integer|string|nil code exit status, signal number, or the message
---@return integer? errno
function p:terminate(grace, scope, reap) end


return pidfd
