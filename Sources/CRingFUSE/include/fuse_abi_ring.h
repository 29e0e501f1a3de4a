/// FUSE over io_uring: the header of a ring entry and the commands (7.42, pools and zero-copy 7.46).
#ifndef CRINGFUSE_FUSE_ABI_RING_H
#define CRINGFUSE_FUSE_ABI_RING_H

#include <stdint.h>

/// Room for fuse_in_header or fuse_out_header in an entry's header, in bytes.
#define FUSE_URING_IN_OUT_HEADER_SZ 128
/// Room for the fixed structure of a request in an entry's header, in bytes.
#define FUSE_URING_OP_IN_OUT_SZ 128

/// fuse_uring_ent_in_out.flags: the data is in the entry's registered pages (7.46).
#define FUSE_URING_ENT_ZERO_COPY (1ULL << 0)
/// fuse_uring_cmd_req.flags of ADD_QUEUE: the queue moves data in registered pages (7.46).
#define FUSE_URING_ZERO_COPY (1ULL << 0)

/// What the kernel and the server tell each other about the entry itself.
struct fuse_uring_ent_in_out {
    uint64_t flags;
    uint64_t commit_id;  // names the request when its reply is committed
    uint32_t payload_sz; // of the request when it comes, of the reply when it goes, in bytes
    uint32_t offset;     // of the payload in the queue's pool; padding before 7.46
    uint64_t reserved;
};

/// An entry's header, shared with the kernel.
struct fuse_uring_req_header {
    uint8_t in_out[FUSE_URING_IN_OUT_HEADER_SZ];
    uint8_t op_in[FUSE_URING_OP_IN_OUT_SZ];
    struct fuse_uring_ent_in_out ring_ent_in_out;
};

/// Commands of IORING_OP_URING_CMD on /dev/fuse.
enum fuse_uring_cmd {
    FUSE_IO_URING_CMD_INVALID = 0,
    FUSE_IO_URING_CMD_REGISTER = 1,
    FUSE_IO_URING_CMD_COMMIT_AND_FETCH = 2,
    FUSE_IO_URING_CMD_ADD_QUEUE = 3,   // 7.46
    FUSE_IO_URING_CMD_ADD_BUFPOOL = 4, // 7.46
};

/// A pool of buffers for all entries of a queue (7.46).
struct fuse_uring_bufpool {
    uint64_t uaddr;
    uint32_t len;
    uint32_t reserved;
};

/// The command itself, in the 80 bytes at the end of the SQE; before 7.46 it ended at `bufpool`.
///
/// The kernel leaves the structure of `bufpool` and the union without names; neither changes the layout.
struct fuse_uring_cmd_req {
    uint64_t flags;
    uint64_t commit_id;
    uint16_t qid;
    uint8_t padding[6];
    union {
        struct fuse_uring_bufpool bufpool; // ADD_BUFPOOL
        uint16_t ent_zero_copy_buf_index;  // REGISTER on a zero-copy queue
    };
};

#endif
