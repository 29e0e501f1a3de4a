/// Names of files that outlive their descriptors (name_to_handle_at).
///
/// Each function returns its result, or -errno.
#ifndef CRINGFUSE_HANDLES_H
#define CRINGFUSE_HANDLES_H

#include <stdint.h>

/// What a file system calls a file of its own, for ever: other than an inode number, never given to another file.
struct rfuse_handle {
    uint32_t size;
    int32_t type;
    /// MAX_HANDLE_SZ.
    uint8_t bytes[128];
};

/// The handle of what an O_PATH descriptor stands for; -EOPNOTSUPP where the file system has none.
long rfuse_get_handle(int fd, struct rfuse_handle *handle);
/// An O_PATH descriptor of a file; -ESTALE where it is gone, -EPERM without CAP_DAC_READ_SEARCH.
///
/// mount is a descriptor of anything on the same mount, not an O_PATH one.
long rfuse_open_handle(int mount, const struct rfuse_handle *handle);

#endif
