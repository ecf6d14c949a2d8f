/*
** What Linux defines and the headers of older distributions lack. Values
** and layouts never change once released, so they are safe to repeat.
*/

#ifndef pfd_kernel_h
#define pfd_kernel_h

#include <fcntl.h>
#include <linux/ioctl.h>
#include <linux/types.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/uio.h>


/* system calls: the same numbers on every architecture since Linux 5.1 */
#if !defined(SYS_pidfd_send_signal)
#define SYS_pidfd_send_signal 424
#endif

#if !defined(SYS_pidfd_open)
#define SYS_pidfd_open 434
#endif

/* some machines of 32 bits have only that with 64-bit times */
#if !defined(SYS_ppoll)
#define SYS_ppoll SYS_ppoll_time64
#endif

#if !defined(SYS_clone3)
#define SYS_clone3 435
#endif

#if !defined(SYS_close_range)
#define SYS_close_range 436
#endif

#if !defined(SYS_openat2)
#define SYS_openat2 437
#endif

#if !defined(SYS_pidfd_getfd)
#define SYS_pidfd_getfd 438
#endif

#if !defined(SYS_process_madvise)
#define SYS_process_madvise 440
#endif

#if !defined(SYS_process_mrelease)
#define SYS_process_mrelease 448
#endif


/* pidfd_open(2) */
#if !defined(PIDFD_NONBLOCK) /* Linux 5.10 */
#define PIDFD_NONBLOCK O_NONBLOCK
#endif

#if !defined(PIDFD_THREAD) /* Linux 6.9 */
#define PIDFD_THREAD O_EXCL
#endif


/* pidfd_send_signal(2), Linux 6.9 */
#if !defined(PIDFD_SIGNAL_THREAD)
#define PIDFD_SIGNAL_THREAD (1 << 0)
#define PIDFD_SIGNAL_THREAD_GROUP (1 << 1)
#define PIDFD_SIGNAL_PROCESS_GROUP (1 << 2)
#endif


/* waitid(2) on a pidfd, Linux 5.4 */
#define PFD_P_PIDFD 3

/*
** What the system call waitid(2) writes. The C library's 'struct rusage'
** has another layout on 32-bit machines where time_t has 64 bits.
*/
typedef struct OldTime {
  __kernel_long_t seconds, microseconds;
} OldTime;

typedef struct Usage {
  OldTime utime, stime;
  __kernel_long_t maxrss, ixrss, idrss, isrss;
  __kernel_long_t minflt, majflt, nswap, inblock, oublock;
  __kernel_long_t msgsnd, msgrcv, nsignals, nvcsw, nivcsw;
} Usage;


/* what statfs(2) tells of /proc, and since Linux 6.9 of a pidfd */
#if !defined(PROC_SUPER_MAGIC)
#define PROC_SUPER_MAGIC 0x9fa0
#endif

#if !defined(PID_FS_MAGIC)
#define PID_FS_MAGIC 0x50494446
#endif


/*
** clone(2) and clone3(2). The name of a struct is our own, here and below,
** so that the headers of a newer distribution do not get in its way.
*/
#if !defined(CLONE_PIDFD) /* Linux 5.2 */
#define CLONE_PIDFD 0x00001000
#endif

#if !defined(CLONE_INTO_CGROUP) /* Linux 5.7 */
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

#if !defined(CLONE_AUTOREAP) /* Linux 7.1 */
#define CLONE_AUTOREAP (1ULL << 34)
#define CLONE_NNP (1ULL << 35)
#define CLONE_PIDFD_AUTOKILL (1ULL << 36)
#endif

typedef struct CloneArgs {
  __aligned_u64 flags, pidfd, child_tid, parent_tid, exit_signal;
  __aligned_u64 stack, stack_size, tls, set_tid, set_tid_size, cgroup;
} CloneArgs;


/* ioctl(2) on a pidfd: its namespaces, Linux 6.11; the argument is 0 */
#define PFD_GET_NAMESPACE(n) _IO(0xFF, n)


/* getsockopt(2) and setsockopt(2), Linux 6.5 */
#if !defined(SO_PEERPIDFD)
#define SO_PASSPIDFD 76
#define SO_PEERPIDFD 77
#endif

/* a control message of recvmsg(2), Linux 6.5 */
#if !defined(SCM_PIDFD)
#define SCM_PIDFD 0x04
#endif


/* instead of a pidfd, for pidfd_send_signal(2): the caller; Linux 6.15 */
#if !defined(PIDFD_SELF_THREAD)
#define PIDFD_SELF_THREAD (-10000)
#endif


/* madvise(2), Linux 5.14 */
#if !defined(MADV_POPULATE_WRITE)
#define MADV_POPULATE_WRITE 23
#endif


/* process_madvise(2) */
#if !defined(MADV_COLLAPSE) /* Linux 6.1 */
#define MADV_COLLAPSE 25
#endif


/* preadv2(2), Linux 4.14; musl 1.2.3 has no name for it */
#if !defined(RWF_NOWAIT)
#define RWF_NOWAIT 8
#endif


/* openat2(2), Linux 5.6: stay below the directory, and follow no link */
typedef struct OpenHow {
  __u64 flags, mode, resolve;
} OpenHow;

#define PFD_RESOLVE_WITHIN 0x0e /* NO_MAGICLINKS, NO_SYMLINKS, BENEATH */


/* what rt_sigaction(2) takes, with room for all of it on any machine */
typedef struct KernelAction {
#if defined(__mips__)
  unsigned int flags;
#endif
  unsigned long handler;
  unsigned long more[14];
} KernelAction;


/* the credentials of the calling thread only, with ids of 32 bits */
#if defined(SYS_setgroups32)
#define PFD_SYS_setgroups SYS_setgroups32
#define PFD_SYS_setresgid SYS_setresgid32
#define PFD_SYS_setresuid SYS_setresuid32
#else
#define PFD_SYS_setgroups SYS_setgroups
#define PFD_SYS_setresgid SYS_setresgid
#define PFD_SYS_setresuid SYS_setresuid
#endif


/* what prlimit64(2) takes, also on machines of 32 bits */
typedef struct KernelLimit {
  __u64 soft, hard;
} KernelLimit;


/* what getdents64(2) writes */
typedef struct Entry {
  __u64 inode;
  __s64 offset;
  unsigned short length;
  unsigned char type;
  char name[];
} Entry;


/*
** PIDFD_GET_INFO, Linux 6.13. The size of the struct is part of the
** request's number: the newest one is passed, and an older kernel fills
** what it knows.
*/
typedef struct Info {
  __u64 mask; /* what is asked for, then what is filled in */
  __u64 cgroupid;
  __u32 pid, tgid, ppid;
  __u32 ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  __s32 exit_code; /* Linux 6.15 */
  __u32 coredump_mask, coredump_signal;
  __s32 coredump_code; /* Linux 7.1 */
  __u32 padding;
  __u64 supported_mask;
} Info;

/* Linux 6.19 and 7.0 have 'supported_mask' where 'coredump_code' is now */
#define PFD_OLD_SUPPORTED_MASK offsetof(Info, coredump_code)

#define PFD_GET_INFO _IOWR(0xFF, 11, Info)

#if !defined(PIDFD_INFO_PID)
#define PIDFD_INFO_PID (1ULL << 0)
#define PIDFD_INFO_CREDS (1ULL << 1)
#define PIDFD_INFO_CGROUPID (1ULL << 2)
#endif

#if !defined(PIDFD_INFO_EXIT) /* Linux 6.15 */
#define PIDFD_INFO_EXIT (1ULL << 3)
#endif

#if !defined(PIDFD_INFO_COREDUMP) /* Linux 6.16 */
#define PIDFD_INFO_COREDUMP (1ULL << 4)
#define PIDFD_COREDUMPED (1U << 0)
#define PIDFD_COREDUMP_SKIP (1U << 1)
#define PIDFD_COREDUMP_USER (1U << 2)
#define PIDFD_COREDUMP_ROOT (1U << 3)
#endif

#if !defined(PIDFD_INFO_COREDUMP_SIGNAL) /* Linux 6.19 */
#define PIDFD_INFO_SUPPORTED_MASK (1ULL << 5)
#define PIDFD_INFO_COREDUMP_SIGNAL (1ULL << 6)
#endif

#if !defined(PIDFD_INFO_COREDUMP_CODE) /* Linux 7.1 */
#define PIDFD_INFO_COREDUMP_CODE (1ULL << 7)
#endif


/*
** ioctl(2) on a pid namespace, Linux 6.11: our number for its process, and the
** other way round
*/
#if !defined(NS_GET_PID_FROM_PIDNS)
#define NS_GET_PID_FROM_PIDNS _IOR(0xb7, 6, int)
#define NS_GET_PID_IN_PIDNS _IOR(0xb7, 8, int)
#endif

#if !defined(NSFS_MAGIC)
#define NSFS_MAGIC 0x6e736673
#endif


#endif
