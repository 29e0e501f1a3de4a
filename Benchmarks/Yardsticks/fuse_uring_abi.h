/* The FUSE-over-io_uring ABI (kernel 6.14, FUSE 7.42), for distributions whose linux/fuse.h is older than that. */

#ifndef FUSE_URING_ABI_H
#define FUSE_URING_ABI_H

#include <linux/fuse.h>
#include <stddef.h>
#include <stdint.h>

#if FUSE_KERNEL_MINOR_VERSION < 42

/* INIT flag, bit 41: the upper word of it travels in flags2. */
#define FUSE_OVER_IO_URING (1ULL << 41)

#define FUSE_URING_IN_OUT_HEADER_SZ 128
#define FUSE_URING_OP_IN_OUT_SZ 128

/* What passes between kernel and server beside each request, both ways. */
struct fuse_uring_ent_in_out {
    uint64_t flags;
    uint64_t commit_id;  /* names the request in its commit */
    uint32_t payload_sz; /* bytes of payload: the request's on the way in, the reply's on the way out */
    uint32_t padding;
    uint64_t reserved;
};

/* The first of the two buffers of an entry; the second one holds the payload. */
struct fuse_uring_req_header {
    char in_out[FUSE_URING_IN_OUT_HEADER_SZ]; /* fuse_in_header in, fuse_out_header out */
    char op_in[FUSE_URING_OP_IN_OUT_SZ];      /* the fixed-size part of the request */
    struct fuse_uring_ent_in_out ring_ent_in_out;
};

/* cmd_op of the SQE. */
enum fuse_uring_cmd {
    FUSE_IO_URING_CMD_INVALID = 0,
    FUSE_IO_URING_CMD_REGISTER = 1,
    FUSE_IO_URING_CMD_COMMIT_AND_FETCH = 2,
};

/* The command area of the SQE. */
struct fuse_uring_cmd_req {
    uint64_t flags;
    uint64_t commit_id;
    uint16_t qid;
    uint8_t padding[6];
};

#endif

_Static_assert(sizeof(struct fuse_in_header) == 40, "fuse_in_header");
_Static_assert(sizeof(struct fuse_out_header) == 16, "fuse_out_header");
_Static_assert(sizeof(struct fuse_attr) == 88, "fuse_attr");
_Static_assert(sizeof(struct fuse_entry_out) == 128, "fuse_entry_out");
_Static_assert(sizeof(struct fuse_uring_ent_in_out) == 32, "fuse_uring_ent_in_out");
_Static_assert(sizeof(struct fuse_uring_req_header) == 288, "fuse_uring_req_header");
_Static_assert(offsetof(struct fuse_uring_req_header, op_in) == 128, "op_in");
_Static_assert(offsetof(struct fuse_uring_req_header, ring_ent_in_out) == 256, "ring_ent_in_out");
_Static_assert(offsetof(struct fuse_uring_ent_in_out, commit_id) == 8, "commit_id");
_Static_assert(offsetof(struct fuse_uring_ent_in_out, payload_sz) == 16, "payload_sz");
/* ABI 7.46 makes the command longer; what is used here stays where it is. */
_Static_assert(sizeof(struct fuse_uring_cmd_req) >= 24 && sizeof(struct fuse_uring_cmd_req) <= 80, "cmd_req");
_Static_assert(offsetof(struct fuse_uring_cmd_req, commit_id) == 8, "cmd_req.commit_id");
_Static_assert(offsetof(struct fuse_uring_cmd_req, qid) == 16, "cmd_req.qid");

#endif
