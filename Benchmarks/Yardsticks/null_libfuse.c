/*
 * The null file system on libfuse's low-level interface: its multi-threaded loop, with cloned descriptors.
 *
 *     null_libfuse [--size BYTES] [--direct | --buffered] [--io-uring] [libfuse's own options] MOUNTPOINT
 */

#include "libfuse_server.h"
#include "null_fs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static struct libfuse_settings settings = {.size_bytes = NULL_DEFAULT_SIZE_BYTES, .direct = true};
static char zeros[NULL_MAX_WRITE_BYTES];

static struct stat attributes(fuse_ino_t node)
{
    bool root = node == FUSE_ROOT_ID;
    struct stat attr = {
        .st_ino = node,
        .st_mode = root ? S_IFDIR | 0755 : S_IFREG | 0644,
        .st_nlink = root ? 2 : 1,
        .st_size = root ? 0 : (off_t)settings.size_bytes,
        .st_blksize = NULL_BLOCK_BYTES,
    };
    attr.st_blocks = (attr.st_size + 511) / 512;
    return attr;
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param entry = {.attr_timeout = NULL_TIMEOUT_SECONDS, .entry_timeout = NULL_TIMEOUT_SECONDS};
    if (parent != FUSE_ROOT_ID) {
        fuse_reply_err(request, ENOTDIR);
        return;
    }
    entry.ino = null_fs_node(name, strlen(name));
    entry.attr = attributes(entry.ino);
    fuse_reply_entry(request, &entry);
}

static void on_getattr(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *file)
{
    (void)file;
    struct stat attr = attributes(node);
    fuse_reply_attr(request, &attr, NULL_TIMEOUT_SECONDS);
}

static void on_setattr(fuse_req_t request, fuse_ino_t node, struct stat *attr, int which, struct fuse_file_info *file)
{
    (void)attr;
    (void)which;
    on_getattr(request, node, file);
}

static void on_open(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *file)
{
    (void)node;
    libfuse_set_caching(&settings, file);
    fuse_reply_open(request, file);
}

static void on_opendir(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *file)
{
    (void)node;
    fuse_reply_open(request, file);
}

static void on_read(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, struct fuse_file_info *file)
{
    (void)node;
    (void)file;
    size_t wanted = size < sizeof(zeros) ? size : sizeof(zeros);
    fuse_reply_buf(request, zeros, null_fs_read_bytes(settings.size_bytes, (uint64_t)offset, wanted));
}

static void on_write(fuse_req_t request, fuse_ino_t node, const char *data, size_t size, off_t offset,
                     struct fuse_file_info *file)
{
    (void)node;
    (void)data;
    (void)offset;
    (void)file;
    fuse_reply_write(request, size);
}

static void on_readdir(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, struct fuse_file_info *file)
{
    (void)node;
    (void)size;
    (void)offset;
    (void)file;
    fuse_reply_buf(request, NULL, 0);
}

static void on_close(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *file)
{
    (void)node;
    (void)file;
    fuse_reply_err(request, 0);
}

static void on_fsync(fuse_req_t request, fuse_ino_t node, int data_only, struct fuse_file_info *file)
{
    (void)data_only;
    on_close(request, node, file);
}

static void on_statfs(fuse_req_t request, fuse_ino_t node)
{
    (void)node;
    libfuse_check_ring(request);
    struct statvfs answer = {.f_bsize = NULL_BLOCK_BYTES, .f_frsize = NULL_BLOCK_BYTES, .f_namemax = 255};
    fuse_reply_statfs(request, &answer);
}

static const struct fuse_lowlevel_ops operations = {
    .lookup = on_lookup,
    .getattr = on_getattr,
    .setattr = on_setattr,
    .open = on_open,
    .read = on_read,
    .write = on_write,
    /* No FLUSH: the kernel then asks no more. */
    .release = on_close,
    .fsync = on_fsync,
    .opendir = on_opendir,
    .readdir = on_readdir,
    .releasedir = on_close,
    .statfs = on_statfs,
};

static void fill_zeros(void)
{
    memset(zeros, 0, sizeof(zeros)); /* real pages, as in the other servers */
}

int main(int argc, char **argv)
{
    static const struct libfuse_program program = {
        .name = "null_libfuse", .size_meaning = "size of every file (default 1G)", .operations = &operations};
    return libfuse_main(argc, argv, &program, &settings, fill_zeros);
}
