/// Advisory locks on files, never waited for.
///
/// Each function returns 0, or -errno.
#ifndef CRINGFUSE_LOCKS_H
#define CRINGFUSE_LOCKS_H

#include <stdint.h>

/// A lock of fcntl(2). `kind` is F_RDLCK, F_WRLCK or F_UNLCK in the order of the FUSE ABI: 0, 1, 2.
struct rfuse_lock {
    uint32_t kind;
    /// The process that holds it; -1 for an open file that does.
    int32_t process;
    uint64_t start;
    /// The last byte; INT64_MAX for the end of the file, however far that is.
    uint64_t end;
};

/// Sets a lock that belongs to the open file (F_OFD_SETLK); -EAGAIN where another one stands in the way.
long rfuse_set_lock(int fd, const struct rfuse_lock *lock);
/// Tells a lock that stands in the way of another (F_OFD_GETLK); kind 2 where none does.
long rfuse_get_lock(int fd, struct rfuse_lock *lock);
/// Sets a lock of flock(2); -EAGAIN where another one stands in the way.
long rfuse_set_file_lock(int fd, uint32_t kind);

#endif
