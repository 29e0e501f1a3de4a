/// Structures that the kernel sends.
#ifndef CRINGFUSE_FUSE_ABI_REQUESTS_H
#define CRINGFUSE_FUSE_ABI_REQUESTS_H

#include <stdint.h>

/// Comes first in every request.
struct fuse_in_header {
    uint32_t len; // of the whole request, in bytes
    uint32_t opcode;
    uint64_t unique;
    uint64_t nodeid;
    uint32_t uid;
    uint32_t gid;
    uint32_t pid;
    uint16_t total_extlen; // of the extensions at the end, in units of 8 bytes (7.38)
    uint16_t padding;
};

/// INIT; kernels before 7.36 send the first 16 bytes.
struct fuse_init_in {
    uint32_t major;
    uint32_t minor;
    uint32_t max_readahead;
    uint32_t flags;
    uint32_t flags2;
    uint32_t unused[11];
};

/// CUSE_INIT.
struct cuse_init_in {
    uint32_t major;
    uint32_t minor;
    uint32_t unused;
    uint32_t flags;
};

/// FORGET.
struct fuse_forget_in {
    uint64_t nlookup;
};

/// One node of BATCH_FORGET.
struct fuse_forget_one {
    uint64_t nodeid;
    uint64_t nlookup;
};

/// BATCH_FORGET; `count` times fuse_forget_one follow.
struct fuse_batch_forget_in {
    uint32_t count;
    uint32_t dummy;
};

/// GETATTR.
struct fuse_getattr_in {
    uint32_t getattr_flags;
    uint32_t dummy;
    uint64_t fh;
};

/// SETATTR.
struct fuse_setattr_in {
    uint32_t valid;
    uint32_t padding;
    uint64_t fh;
    uint64_t size;
    uint64_t lock_owner;
    uint64_t atime;
    uint64_t mtime;
    uint64_t ctime;
    uint32_t atimensec;
    uint32_t mtimensec;
    uint32_t ctimensec;
    uint32_t mode;
    uint32_t unused4;
    uint32_t uid;
    uint32_t gid;
    uint32_t unused5;
};

/// STATX (7.39).
struct fuse_statx_in {
    uint32_t getattr_flags;
    uint32_t reserved;
    uint64_t fh;
    uint32_t sx_flags;
    uint32_t sx_mask;
};

/// MKNOD; a name follows.
struct fuse_mknod_in {
    uint32_t mode;
    uint32_t rdev;
    uint32_t umask;
    uint32_t padding;
};

/// MKDIR; a name follows.
struct fuse_mkdir_in {
    uint32_t mode;
    uint32_t umask;
};

/// RENAME; the old and the new name follow.
struct fuse_rename_in {
    uint64_t newdir;
};

/// RENAME2; the old and the new name follow.
struct fuse_rename2_in {
    uint64_t newdir;
    uint32_t flags;
    uint32_t padding;
};

/// LINK; the new name follows.
struct fuse_link_in {
    uint64_t oldnodeid;
};

/// OPEN and OPENDIR.
struct fuse_open_in {
    uint32_t flags;
    uint32_t open_flags;
};

/// CREATE and TMPFILE; a name follows.
struct fuse_create_in {
    uint32_t flags;
    uint32_t mode;
    uint32_t umask;
    uint32_t open_flags;
};

/// RELEASE and RELEASEDIR.
struct fuse_release_in {
    uint64_t fh;
    uint32_t flags;
    uint32_t release_flags;
    uint64_t lock_owner;
};

/// FLUSH.
struct fuse_flush_in {
    uint64_t fh;
    uint32_t unused;
    uint32_t padding;
    uint64_t lock_owner;
};

/// READ, READDIR and READDIRPLUS.
struct fuse_read_in {
    uint64_t fh;
    uint64_t offset;
    uint32_t size;
    uint32_t read_flags;
    uint64_t lock_owner;
    uint32_t flags;
    uint32_t padding;
};

/// WRITE; `size` bytes follow.
struct fuse_write_in {
    uint64_t fh;
    uint64_t offset;
    uint32_t size;
    uint32_t write_flags;
    uint64_t lock_owner;
    uint32_t flags;
    uint32_t padding;
};

/// FSYNC and FSYNCDIR.
struct fuse_fsync_in {
    uint64_t fh;
    uint32_t fsync_flags;
    uint32_t padding;
};

/// Size of fuse_setxattr_in when FUSE_SETXATTR_EXT was not agreed on.
#define FUSE_COMPAT_SETXATTR_IN_SIZE 8U

/// SETXATTR; the name and `size` bytes of value follow.
struct fuse_setxattr_in {
    uint32_t size;
    uint32_t flags;
    uint32_t setxattr_flags;
    uint32_t padding;
};

/// GETXATTR, with a name after it, and LISTXATTR.
struct fuse_getxattr_in {
    uint32_t size; // 0 asks for the size of the value
    uint32_t padding;
};

/// A POSIX lock; the end is inclusive.
struct fuse_file_lock {
    uint64_t start;
    uint64_t end;
    uint32_t type;
    uint32_t pid;
};

/// GETLK, SETLK and SETLKW.
struct fuse_lk_in {
    uint64_t fh;
    uint64_t owner;
    struct fuse_file_lock lk;
    uint32_t lk_flags;
    uint32_t padding;
};

/// ACCESS.
struct fuse_access_in {
    uint32_t mask;
    uint32_t padding;
};

/// INTERRUPT: the request to interrupt.
struct fuse_interrupt_in {
    uint64_t unique;
};

/// BMAP.
struct fuse_bmap_in {
    uint64_t block;
    uint32_t blocksize;
    uint32_t padding;
};

/// IOCTL; `in_size` bytes follow.
struct fuse_ioctl_in {
    uint64_t fh;
    uint32_t flags;
    uint32_t cmd;
    uint64_t arg;
    uint32_t in_size;
    uint32_t out_size;
};

/// POLL.
struct fuse_poll_in {
    uint64_t fh;
    uint64_t kh;
    uint32_t flags;
    uint32_t events;
};

/// FALLOCATE.
struct fuse_fallocate_in {
    uint64_t fh;
    uint64_t offset;
    uint64_t length;
    uint32_t mode;
    uint32_t padding;
};

/// LSEEK.
struct fuse_lseek_in {
    uint64_t fh;
    uint64_t offset;
    uint32_t whence;
    uint32_t padding;
};

/// COPY_FILE_RANGE and COPY_FILE_RANGE_64.
struct fuse_copy_file_range_in {
    uint64_t fh_in;
    uint64_t off_in;
    uint64_t nodeid_out;
    uint64_t fh_out;
    uint64_t off_out;
    uint64_t len;
    uint64_t flags;
};

/// SETUPMAPPING (virtiofs).
struct fuse_setupmapping_in {
    uint64_t fh;
    uint64_t foffset;
    uint64_t len;
    uint64_t flags;
    uint64_t moffset;
};

/// REMOVEMAPPING (virtiofs); `count` times fuse_removemapping_one follow.
struct fuse_removemapping_in {
    uint32_t count;
};

/// One range of REMOVEMAPPING.
struct fuse_removemapping_one {
    uint64_t moffset;
    uint64_t len;
};

/// SYNCFS.
struct fuse_syncfs_in {
    uint64_t padding;
};

/// NOTIFY_REPLY, the pages that NOTIFY_RETRIEVE asked for; `size` bytes follow. As large as fuse_write_in.
struct fuse_notify_retrieve_in {
    uint64_t dummy1;
    uint64_t offset;
    uint32_t size;
    uint32_t dummy2;
    uint64_t dummy3;
    uint64_t dummy4;
};

/// Types of extensions; smaller values are the number of contexts of a fuse_secctx_header.
enum fuse_ext_type {
    FUSE_MAX_NR_SECCTX = 31,
    FUSE_EXT_GROUPS = 32,
};

/// Comes first in every extension.
struct fuse_ext_header {
    uint32_t size; // with this header
    uint32_t type;
};

/// Comes first in the security contexts; `type` of a fuse_ext_header is their number here.
struct fuse_secctx_header {
    uint32_t size; // with this header
    uint32_t nr_secctx;
};

/// A security context; its name, NUL-terminated, and `size` bytes follow.
struct fuse_secctx {
    uint32_t size;
    uint32_t padding;
};

/// Groups of the caller, after a fuse_ext_header; `nr_groups` 32-bit group IDs follow.
struct fuse_supp_groups {
    uint32_t nr_groups;
};

#endif
