/// How a process that serves gets and keeps its memory. Every function returns a value >= 0, or -errno.
#ifndef CRINGFUSE_PROCESS_H
#define CRINGFUSE_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

/// Marks the calling thread as one that writeback waits for (PR_SET_IO_FLUSHER, Linux 5.6): its allocations start no
/// I/O to make room, and it is throttled by the device it writes to only. Threads and programs that it starts from then
/// on, io_uring's own helpers among them, are marked as well. -EPERM without CAP_SYS_RESOURCE, -EINVAL on older
/// kernels.
int rfuse_become_io_flusher(void);

/// Gives the calling thread the nice value of the process's main thread: what `nice` or systemd's Nice= asked for. A
/// thread has that of its creator otherwise, and Swift's own threads (libdispatch) set theirs by themselves, to 0 and
/// -4. -EACCES or -EPERM where that would be a higher priority than the caller may have.
int rfuse_take_main_nice(void);

/// Gives all threads of a process group the nice value of the calling process's main thread, for a program that was
/// started by a thread of libdispatch. -EACCES or -EPERM likewise; -ESRCH where the group has ended.
int rfuse_give_main_nice(pid_t group);

/// Locks what the process has mapped, and what it maps later once it is touched. Raises the soft RLIMIT_MEMLOCK where
/// the hard one is unlimited. -EPERM with neither that nor CAP_IPC_LOCK, and nothing is locked then; -ENOMEM.
int rfuse_lock_memory(void);

/// Lets go of pages of the program and its libraries that hold what their files hold: whoever needs one finds it in the
/// page cache. Leaves a debugger's breakpoints set until then behind. Costs a system call for each library.
void rfuse_release_program_pages(void);

/// Gives pages to a range of private memory now, writable, rather than at the first touch. `address` must be
/// page-aligned.
int rfuse_populate(void *address, size_t length);

#endif
