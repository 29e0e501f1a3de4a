/// System calls that Swift cannot spell: variadic ioctls, the CPU_SET and CMSG macros, calls that have no libc wrapper.
/// Every function returns a value >= 0, or -errno.
#ifndef CRINGFUSE_SYSTEM_H
#define CRINGFUSE_SYSTEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// MARK: - The FUSE device

/// Opens /dev/fuse once more and attaches the new descriptor to the connection of `fuse_fd` (FUSE_DEV_IOC_CLONE), so
/// that several threads read requests without sharing one descriptor's queue. Returns the descriptor.
int rfuse_clone_device(int fuse_fd);

/// Registers an open regular file with a connection, for passthrough (FUSE_DEV_IOC_BACKING_OPEN, Linux 6.9). Returns
/// its ID, which is above 0: -EPERM without CAP_SYS_ADMIN, -EOPNOTSUPP or -EINVAL where INIT did not agree on
/// passthrough, -ENOTTY before 6.9, -ELOOP for a file on a stacked file system, -EINVAL for what is no regular file.
int rfuse_open_backing(int fuse_fd, int fd);

/// Takes a registered file back. The kernel keeps it for files that are open by it. Returns 0.
int rfuse_close_backing(int fuse_fd, int id);

/// Registers a file in memory and takes it back: whether a connection can have backing files at all. Returns 0.
int rfuse_probe_backing(int fuse_fd);

// MARK: - Paths

/// Opens a path for its place only (O_PATH, which needs _GNU_SOURCE): the last part's file system is asked nothing.
int rfuse_open_path(const char *path);

/// Tells the number of the mount an O_PATH descriptor is on, one that is never given twice (STATX_MNT_ID_UNIQUE, Linux
/// 6.8), without a request to its server. Returns 0, or -ENODATA where the kernel has no such numbers.
int rfuse_unique_mount_id(int fd, uint64_t *id);

// MARK: - The mount helper

/// Starts `program` (looked up in PATH) with `_FUSE_COMMFD` naming its copy of `comm_fd` and standard error going to
/// `error_fd`; -1 leaves either out. Its signal mask and handlers are the defaults. Returns the process id.
pid_t rfuse_spawn_helper(const char *program, char *const arguments[], int comm_fd, int error_fd);

/// Receives one descriptor (SCM_RIGHTS, close-on-exec) over a connected unix socket. Returns it, or -ENODATA when the
/// peer closed the socket without sending one.
int rfuse_receive_descriptor(int socket);

// MARK: - CPUs, memory nodes, threads

/// Restricts a thread (0: the calling one) to the CPUs listed.
int rfuse_set_affinity(pid_t thread, const uint32_t *cpus, size_t count);

/// Writes the CPUs a thread (0: the calling one) may run on, ascending. Returns how many there are, of which at most
/// `capacity` were written.
int rfuse_get_affinity(pid_t thread, uint32_t *cpus, size_t capacity);

/// Asks for the pages of a mapping to come from one NUMA node where it has any left. `address` must be page-aligned.
int rfuse_mbind_preferred(void *address, size_t length, unsigned node);

/// Names the calling thread, as top and gdb show it; the kernel keeps 15 bytes.
int rfuse_thread_name(const char *name);

#endif
