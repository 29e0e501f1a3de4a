#include "null_fs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

uint64_t null_fs_node(const char *name, size_t name_bytes)
{
    uint64_t hash = 0xcbf29ce484222325ull; /* FNV-1a */
    for (size_t i = 0; i < name_bytes && name[i] != '\0'; i++) {
        hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3ull;
    }
    return hash <= FUSE_ROOT_ID ? hash + 2 : hash;
}

size_t null_fs_read_bytes(uint64_t size_bytes, uint64_t offset, size_t wanted)
{
    if (offset >= size_bytes) {
        return 0;
    }
    uint64_t left = size_bytes - offset;
    return left < wanted ? (size_t)left : wanted;
}

static void fill_attr(const struct null_fs *fs, uint64_t node, struct fuse_attr *attr)
{
    bool root = node == FUSE_ROOT_ID;
    memset(attr, 0, sizeof(*attr));
    attr->ino = node;
    attr->size = root ? 0 : fs->size_bytes;
    attr->blocks = (attr->size + 511) / 512;
    attr->mode = root ? S_IFDIR | 0755 : S_IFREG | 0644;
    attr->nlink = root ? 2 : 1;
    attr->blksize = NULL_BLOCK_BYTES;
}

static struct null_answer failed(int error)
{
    return (struct null_answer){.error = error};
}

static struct null_answer done(size_t size_bytes)
{
    return (struct null_answer){.size_bytes = size_bytes};
}

static struct null_answer answer_lookup(const struct null_fs *fs, const struct null_request *request, void *out)
{
    uint64_t node = null_fs_node(request->name, request->name_bytes);
    struct fuse_entry_out *entry = out;
    if (request->header->nodeid != FUSE_ROOT_ID) {
        return failed(-ENOTDIR);
    }
    memset(entry, 0, sizeof(*entry));
    entry->nodeid = node;
    entry->entry_valid = NULL_TIMEOUT_SECONDS;
    entry->attr_valid = NULL_TIMEOUT_SECONDS;
    fill_attr(fs, node, &entry->attr);
    return done(sizeof(*entry));
}

static struct null_answer answer_attr(const struct null_fs *fs, const struct null_request *request, void *out)
{
    struct fuse_attr_out *reply = out;
    memset(reply, 0, sizeof(*reply));
    reply->attr_valid = NULL_TIMEOUT_SECONDS;
    fill_attr(fs, request->header->nodeid, &reply->attr);
    return done(sizeof(*reply));
}

static struct null_answer answer_open(const struct null_fs *fs, bool directory, void *out)
{
    struct fuse_open_out *reply = out;
    memset(reply, 0, sizeof(*reply));
    if (!directory) {
        reply->open_flags = fs->direct ? FOPEN_DIRECT_IO : FOPEN_KEEP_CACHE;
    }
    return done(sizeof(*reply));
}

static struct null_answer answer_read(const struct null_fs *fs, const struct null_request *request)
{
    const struct fuse_read_in *read = request->fixed;
    size_t wanted = read->size < NULL_MAX_WRITE_BYTES ? read->size : NULL_MAX_WRITE_BYTES;
    return (struct null_answer){.size_bytes = null_fs_read_bytes(fs->size_bytes, read->offset, wanted), .zeros = true};
}

static struct null_answer answer_write(const struct null_request *request, void *out)
{
    uint32_t size = ((const struct fuse_write_in *)request->fixed)->size;
    struct fuse_write_out *reply = out;
    memset(reply, 0, sizeof(*reply));
    reply->size = size;
    return done(sizeof(*reply));
}

static struct null_answer answer_statfs(void *out)
{
    struct fuse_statfs_out *reply = out;
    memset(reply, 0, sizeof(*reply));
    reply->st.bsize = NULL_BLOCK_BYTES;
    reply->st.frsize = NULL_BLOCK_BYTES;
    reply->st.namelen = 255;
    return done(sizeof(*reply));
}

struct null_answer null_fs_answer(const struct null_fs *fs, const struct null_request *request, void *out)
{
    switch (request->header->opcode) {
    case FUSE_READ:
        return answer_read(fs, request);
    case FUSE_WRITE:
        return answer_write(request, out);
    case FUSE_LOOKUP:
        return answer_lookup(fs, request, out);
    case FUSE_GETATTR:
    case FUSE_SETATTR: /* a truncation or a new time is accepted and forgotten */
        return answer_attr(fs, request, out);
    case FUSE_OPEN:
        return answer_open(fs, false, out);
    case FUSE_OPENDIR:
        return answer_open(fs, true, out);
    case FUSE_STATFS:
        return answer_statfs(out);
    case FUSE_READDIR: /* every name exists, none is listed */
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
    case FUSE_FSYNC:
    case FUSE_FSYNCDIR:
        return done(0);
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        return (struct null_answer){.silent = true};
    default: /* FLUSH too: the kernel then asks no more */
        return failed(-ENOSYS);
    }
}
