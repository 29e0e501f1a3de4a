/// Structures that answer requests.
#ifndef CRINGFUSE_FUSE_ABI_REPLIES_H
#define CRINGFUSE_FUSE_ABI_REPLIES_H

#include <stdint.h>

#include "fuse_abi_requests.h"

/// Comes first in every reply, and in every notification.
struct fuse_out_header {
    uint32_t len;  // of the whole reply, in bytes
    int32_t error; // negated errno; in a notification, its code
    uint64_t unique;
};

/// Size of fuse_init_out that kernels before 7.23 accept.
#define FUSE_COMPAT_22_INIT_OUT_SIZE 24U

/// INIT.
struct fuse_init_out {
    uint32_t major;
    uint32_t minor;
    uint32_t max_readahead;
    uint32_t flags;
    uint16_t max_background;
    uint16_t congestion_threshold;
    uint32_t max_write;
    uint32_t time_gran;
    uint16_t max_pages;
    uint16_t map_alignment;
    uint32_t flags2;
    uint32_t max_stack_depth; // 7.40
    uint16_t request_timeout; // seconds, 7.43
    uint16_t unused[11];
};

/// CUSE_INIT.
struct cuse_init_out {
    uint32_t major;
    uint32_t minor;
    uint32_t unused;
    uint32_t flags;
    uint32_t max_read;
    uint32_t max_write;
    uint32_t dev_major;
    uint32_t dev_minor;
    uint32_t spare[10];
};

/// Attributes of a node.
struct fuse_attr {
    uint64_t ino;
    uint64_t size;
    uint64_t blocks; // of 512 bytes
    uint64_t atime;
    uint64_t mtime;
    uint64_t ctime;
    uint32_t atimensec;
    uint32_t mtimensec;
    uint32_t ctimensec;
    uint32_t mode;
    uint32_t nlink;
    uint32_t uid;
    uint32_t gid;
    uint32_t rdev;
    uint32_t blksize;
    uint32_t flags;
};

/// LOOKUP, MKNOD, MKDIR, SYMLINK, LINK; before fuse_open_out in CREATE and TMPFILE.
struct fuse_entry_out {
    uint64_t nodeid; // 0 is a name that does not exist, cached for entry_valid
    uint64_t generation;
    uint64_t entry_valid; // seconds
    uint64_t attr_valid;  // seconds
    uint32_t entry_valid_nsec;
    uint32_t attr_valid_nsec;
    struct fuse_attr attr;
};

/// GETATTR and SETATTR.
struct fuse_attr_out {
    uint64_t attr_valid; // seconds
    uint32_t attr_valid_nsec;
    uint32_t dummy;
    struct fuse_attr attr;
};

/// A time of fuse_statx.
struct fuse_sx_time {
    int64_t tv_sec;
    uint32_t tv_nsec;
    int32_t __reserved;
};

/// Attributes as in statx(2).
struct fuse_statx {
    uint32_t mask;
    uint32_t blksize;
    uint64_t attributes;
    uint32_t nlink;
    uint32_t uid;
    uint32_t gid;
    uint16_t mode;
    uint16_t __spare0[1];
    uint64_t ino;
    uint64_t size;
    uint64_t blocks;
    uint64_t attributes_mask;
    struct fuse_sx_time atime;
    struct fuse_sx_time btime;
    struct fuse_sx_time ctime;
    struct fuse_sx_time mtime;
    uint32_t rdev_major;
    uint32_t rdev_minor;
    uint32_t dev_major;
    uint32_t dev_minor;
    uint64_t __spare2[14];
};

/// STATX (7.39).
struct fuse_statx_out {
    uint64_t attr_valid; // seconds
    uint32_t attr_valid_nsec;
    uint32_t flags;
    uint64_t spare[2];
    struct fuse_statx stat;
};

/// OPEN and OPENDIR; after fuse_entry_out in CREATE and TMPFILE.
struct fuse_open_out {
    uint64_t fh;
    uint32_t open_flags;
    int32_t backing_id; // 7.40
};

/// WRITE and COPY_FILE_RANGE.
struct fuse_write_out {
    uint32_t size;
    uint32_t padding;
};

/// COPY_FILE_RANGE_64 (7.45).
struct fuse_copy_file_range_out {
    uint64_t bytes_copied;
};

/// Totals of a file system.
struct fuse_kstatfs {
    uint64_t blocks;
    uint64_t bfree;
    uint64_t bavail;
    uint64_t files;
    uint64_t ffree;
    uint32_t bsize;
    uint32_t namelen;
    uint32_t frsize;
    uint32_t padding;
    uint32_t spare[6];
};

/// STATFS.
struct fuse_statfs_out {
    struct fuse_kstatfs st;
};

/// GETXATTR and LISTXATTR that asked for a size.
struct fuse_getxattr_out {
    uint32_t size;
    uint32_t padding;
};

/// GETLK.
struct fuse_lk_out {
    struct fuse_file_lock lk;
};

/// BMAP.
struct fuse_bmap_out {
    uint64_t block;
};

/// IOCTL; data, or fuse_ioctl_iovec when it is to be retried, follow.
struct fuse_ioctl_out {
    int32_t result;
    uint32_t flags;
    uint32_t in_iovs;
    uint32_t out_iovs;
};

/// A range of the caller's memory that a retried ioctl needs.
struct fuse_ioctl_iovec {
    uint64_t base;
    uint64_t len;
};

/// POLL.
struct fuse_poll_out {
    uint32_t revents;
    uint32_t padding;
};

/// LSEEK.
struct fuse_lseek_out {
    uint64_t offset;
};

/// READDIR; the name, without NUL, and zeroes up to the next multiple of 8 bytes follow.
struct fuse_dirent {
    uint64_t ino;
    uint64_t off; // of the next entry
    uint32_t namelen;
    uint32_t type; // DT_...
};

/// READDIRPLUS; the name and padding follow as in fuse_dirent.
struct fuse_direntplus {
    struct fuse_entry_out entry_out;
    struct fuse_dirent dirent;
};

#endif
