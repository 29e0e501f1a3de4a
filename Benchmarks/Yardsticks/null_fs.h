/* What the null file system answers, whatever carries the question: one directory in which every name is a file. */

#ifndef NULL_FS_H
#define NULL_FS_H

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kept small enough for every kernel since 4.20: 256 pages of 4 KiB. */
#define NULL_MAX_WRITE_BYTES (1024u * 1024u)
/* As RingFUSE has it. */
#define NULL_MAX_BACKGROUND 64
#define NULL_TIMEOUT_SECONDS 86400
#define NULL_BLOCK_BYTES 4096u
#define NULL_DEFAULT_SIZE_BYTES (1ull << 30)
/* The largest fixed-size reply fits with room to spare. */
#define NULL_OUT_BYTES 256u

struct null_fs {
    uint64_t size_bytes; /* of every file */
    bool direct;         /* FOPEN_DIRECT_IO, else FOPEN_KEEP_CACHE */
    bool writeback;      /* FUSE_WRITEBACK_CACHE */
    uint16_t max_background;
};

struct null_request {
    const struct fuse_in_header *header;
    const void *fixed;    /* the fixed-size part */
    const char *name;     /* where a name would start, need not end in NUL */
    size_t name_bytes;    /* at most so many */
};

struct null_answer {
    int error;         /* 0 or a negative errno value */
    size_t size_bytes; /* of the reply, without its header */
    bool zeros;        /* the reply is zeros; nothing was written to `out` */
    bool silent;       /* there is no reply at all (FORGET, INTERRUPT) */
};

/* `out`: at least NULL_OUT_BYTES, aligned for 8 bytes. It may overlap the name, which is read first. */
struct null_answer null_fs_answer(const struct null_fs *fs, const struct null_request *request, void *out);

/* Any name is a file, and a name always the same one. Never 0 or the root's number. */
uint64_t null_fs_node(const char *name, size_t name_bytes);

/* How many bytes a read gets: it ends where the file does. */
size_t null_fs_read_bytes(uint64_t size_bytes, uint64_t offset, size_t wanted);

#endif
