/// Structures that the server sends unasked, each after a fuse_out_header with `unique` 0 and `error` its code.
#ifndef CRINGFUSE_FUSE_ABI_NOTIFY_H
#define CRINGFUSE_FUSE_ABI_NOTIFY_H

#include <stdint.h>

/// What a notification says: fuse_out_header.error.
enum fuse_notify_code {
    FUSE_NOTIFY_POLL = 1,
    FUSE_NOTIFY_INVAL_INODE = 2,
    FUSE_NOTIFY_INVAL_ENTRY = 3,
    FUSE_NOTIFY_STORE = 4,
    FUSE_NOTIFY_RETRIEVE = 5,
    FUSE_NOTIFY_DELETE = 6,
    FUSE_NOTIFY_RESEND = 7,    // header only, 7.40
    FUSE_NOTIFY_INC_EPOCH = 8, // header only, 7.44
    FUSE_NOTIFY_PRUNE = 9,     // 7.45
};

/// NOTIFY_POLL.
struct fuse_notify_poll_wakeup_out {
    uint64_t kh;
};

/// NOTIFY_INVAL_INODE.
struct fuse_notify_inval_inode_out {
    uint64_t ino;
    int64_t off; // negative: attributes only
    int64_t len; // 0 or less: up to the end
};

/// NOTIFY_INVAL_ENTRY; the name and its NUL follow.
struct fuse_notify_inval_entry_out {
    uint64_t parent;
    uint32_t namelen; // without NUL
    uint32_t flags;
};

/// NOTIFY_DELETE; the name and its NUL follow.
struct fuse_notify_delete_out {
    uint64_t parent;
    uint64_t child;
    uint32_t namelen; // without NUL
    uint32_t padding;
};

/// NOTIFY_STORE; `size` bytes follow.
struct fuse_notify_store_out {
    uint64_t nodeid;
    uint64_t offset;
    uint32_t size;
    uint32_t padding;
};

/// NOTIFY_RETRIEVE.
struct fuse_notify_retrieve_out {
    uint64_t notify_unique;
    uint64_t nodeid;
    uint64_t offset;
    uint32_t size;
    uint32_t padding;
};

/// NOTIFY_PRUNE (7.45); `count` 64-bit node IDs follow.
struct fuse_notify_prune_out {
    uint32_t count;
    uint32_t padding;
    uint64_t spare;
};

#endif
