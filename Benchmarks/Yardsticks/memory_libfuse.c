/*
 * A file system in memory on libfuse's low-level interface: the yardstick for metadata.
 *
 *     memory_libfuse [--size BYTES] [--io-uring] [libfuse's own options] MOUNTPOINT
 *
 * It makes the same choices as RingFUSE's: what the kernel has been told is true for ever, also that a name is missing;
 * opening a directory and flushing need no answer; permissions are the kernel's to check.
 */

#include "libfuse_server.h"
#include "memory_fs.h"
#include "null_fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct libfuse_settings settings;

static struct memory_node *node_of(fuse_ino_t number)
{
    return number == FUSE_ROOT_ID ? memory_root : (struct memory_node *)(uintptr_t)number;
}

/* Nodes are known to the kernel by their address; their generation tells apart those that had the same one. */
static struct fuse_entry_param entry_of(struct memory_node *node, const struct stat *attr)
{
    return (struct fuse_entry_param){
        .ino = node == memory_root ? FUSE_ROOT_ID : (fuse_ino_t)(uintptr_t)node,
        .generation = node->number,
        .attr = *attr,
        .attr_timeout = NULL_TIMEOUT_SECONDS,
        .entry_timeout = NULL_TIMEOUT_SECONDS,
    };
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *text)
{
    struct memory_node *node;
    struct stat attr;
    int error = memory_look_up(node_of(parent), text, &node, &attr);
    if (error == ENOENT) {
        struct fuse_entry_param missing = {.entry_timeout = NULL_TIMEOUT_SECONDS};
        fuse_reply_entry(request, &missing);
    } else if (error != 0) {
        fuse_reply_err(request, error);
    } else {
        struct fuse_entry_param entry = entry_of(node, &attr);
        fuse_reply_entry(request, &entry);
    }
}

static void on_forget(fuse_req_t request, fuse_ino_t number, uint64_t lookups)
{
    if (number != FUSE_ROOT_ID) {
        memory_forget(node_of(number), lookups);
    }
    fuse_reply_none(request);
}

static void on_forget_multi(fuse_req_t request, size_t count, struct fuse_forget_data *forgets)
{
    for (size_t i = 0; i < count; i++) {
        if (forgets[i].ino != FUSE_ROOT_ID) {
            memory_forget(node_of(forgets[i].ino), forgets[i].nlookup);
        }
    }
    fuse_reply_none(request);
}

static void on_getattr(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *file)
{
    struct stat attr;
    (void)file;
    memory_attributes(node_of(number), &attr);
    fuse_reply_attr(request, &attr, NULL_TIMEOUT_SECONDS);
}

static int64_t chosen_time(bool is_now, struct timespec time)
{
    return is_now ? memory_now() : (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* With the node's lock held. */
static int change(struct memory_node *node, const struct stat *attr, int which)
{
    if (which & FUSE_SET_ATTR_SIZE) {
        int error = memory_cut(node, attr->st_size);
        if (error != 0) {
            return error;
        }
        node->modified_ns = memory_now();
    }
    if (which & FUSE_SET_ATTR_MODE) {
        node->mode = (node->mode & S_IFMT) | (attr->st_mode & ~(mode_t)S_IFMT);
    }
    if (which & FUSE_SET_ATTR_UID) {
        node->owner = attr->st_uid;
    }
    if (which & FUSE_SET_ATTR_GID) {
        node->group = attr->st_gid;
    }
    if (which & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW)) {
        node->accessed_ns = chosen_time(which & FUSE_SET_ATTR_ATIME_NOW, attr->st_atim);
    }
    if (which & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW)) {
        node->modified_ns = chosen_time(which & FUSE_SET_ATTR_MTIME_NOW, attr->st_mtim);
    }
    node->changed_ns = which & FUSE_SET_ATTR_CTIME ? chosen_time(false, attr->st_ctim) : memory_now();
    return 0;
}

static void on_setattr(fuse_req_t request, fuse_ino_t number, struct stat *attr, int which,
                       struct fuse_file_info *file)
{
    struct memory_node *node = node_of(number);
    pthread_rwlock_wrlock(&node->lock);
    int error = change(node, attr, which);
    pthread_rwlock_unlock(&node->lock);
    if (error != 0) {
        fuse_reply_err(request, error);
    } else {
        on_getattr(request, number, file);
    }
}

static int make(fuse_req_t request, fuse_ino_t parent, const char *text, mode_t mode, struct fuse_entry_param *entry)
{
    const struct fuse_ctx *caller = fuse_req_ctx(request);
    struct memory_node *node;
    struct stat attr;
    int error = memory_make(node_of(parent), text, mode, caller->uid, caller->gid, &node, &attr);
    if (error == 0) {
        *entry = entry_of(node, &attr);
    }
    return error;
}

static void reply_made(fuse_req_t request, fuse_ino_t parent, const char *text, mode_t mode)
{
    struct fuse_entry_param entry;
    int error = make(request, parent, text, mode, &entry);
    if (error != 0) {
        fuse_reply_err(request, error);
    } else {
        fuse_reply_entry(request, &entry);
    }
}

static void on_mkdir(fuse_req_t request, fuse_ino_t parent, const char *text, mode_t mode)
{
    reply_made(request, parent, text, S_IFDIR | (mode & 07777));
}

static void on_mknod(fuse_req_t request, fuse_ino_t parent, const char *text, mode_t mode, dev_t device)
{
    (void)device;
    if (!S_ISREG(mode)) {
        fuse_reply_err(request, EPERM);
        return;
    }
    reply_made(request, parent, text, mode);
}

static void on_create(fuse_req_t request, fuse_ino_t parent, const char *text, mode_t mode,
                      struct fuse_file_info *file)
{
    struct fuse_entry_param entry;
    int error = make(request, parent, text, S_IFREG | (mode & 07777), &entry);
    if (error == 0) {
        libfuse_set_caching(&settings, file);
        fuse_reply_create(request, &entry, file);
    } else {
        fuse_reply_err(request, error);
    }
}

static void on_unlink(fuse_req_t request, fuse_ino_t parent, const char *text)
{
    fuse_reply_err(request, memory_remove(node_of(parent), text, false));
}

static void on_rmdir(fuse_req_t request, fuse_ino_t parent, const char *text)
{
    fuse_reply_err(request, memory_remove(node_of(parent), text, true));
}

static void on_rename(fuse_req_t request, fuse_ino_t parent, const char *text, fuse_ino_t new_parent,
                      const char *new_text, unsigned int flags)
{
    if (flags & ~1u) { /* all but RENAME_NOREPLACE */
        fuse_reply_err(request, EINVAL);
        return;
    }
    fuse_reply_err(request, memory_rename(node_of(parent), text, node_of(new_parent), new_text, flags == 0));
}

static void on_open(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *file)
{
    if (file->flags & O_TRUNC) {
        struct memory_node *node = node_of(number);
        struct stat empty = {.st_size = 0};
        pthread_rwlock_wrlock(&node->lock);
        change(node, &empty, FUSE_SET_ATTR_SIZE);
        pthread_rwlock_unlock(&node->lock);
    }
    libfuse_set_caching(&settings, file);
    fuse_reply_open(request, file);
}

static void on_opendir(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *file)
{
    (void)number;
    (void)file;
    fuse_reply_err(request, ENOSYS); /* the kernel then asks no more */
}

static void on_release(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *file)
{
    (void)number;
    (void)file;
    fuse_reply_err(request, 0);
}

static void on_read(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *file)
{
    struct iovec parts[MEMORY_PARTS(NULL_MAX_WRITE_BYTES)];
    struct memory_node *node = node_of(number);
    int count;
    (void)file;
    size = size < NULL_MAX_WRITE_BYTES ? size : NULL_MAX_WRITE_BYTES;
    int error = memory_begin_read(node, offset, size, parts, &count);
    if (error != 0) {
        fuse_reply_err(request, error);
        return;
    }
    if (count == 1) {
        fuse_reply_buf(request, parts[0].iov_base, parts[0].iov_len);
    } else {
        fuse_reply_iov(request, parts, count);
    }
    memory_end_read(node);
}

static void on_write(fuse_req_t request, fuse_ino_t number, const char *data, size_t size, off_t offset,
                     struct fuse_file_info *file)
{
    size_t written;
    (void)file;
    int error = memory_write(node_of(number), offset, data, size, &written);
    if (error != 0) {
        fuse_reply_err(request, error);
    } else {
        fuse_reply_write(request, written);
    }
}

struct listing {
    fuse_req_t request;
    char *bytes;
    size_t size, used;
    bool plus;
};

static bool list_one(void *context, const char *text, struct memory_node *node, uint64_t cookie)
{
    struct listing *listing = context;
    char *place = listing->bytes + listing->used;
    size_t left = listing->size - listing->used, taken;
    bool known = listing->plus && cookie > 2;
    if (known) {
        struct stat attr;
        memory_attributes(node, &attr);
        struct fuse_entry_param entry = entry_of(node, &attr);
        taken = fuse_add_direntry_plus(listing->request, place, left, text, &entry, (off_t)cookie);
    } else if (listing->plus) { /* of . and .. the kernel takes no more than their numbers */
        struct fuse_entry_param entry = {.attr = {.st_ino = node->number, .st_mode = S_IFDIR}};
        taken = fuse_add_direntry_plus(listing->request, place, left, text, &entry, (off_t)cookie);
    } else {
        struct stat attr = {.st_ino = node->number, .st_mode = node->mode};
        taken = fuse_add_direntry(listing->request, place, left, text, &attr, (off_t)cookie);
    }
    if (taken > left) {
        return false;
    }
    if (known) {
        memory_count_reference(node);
    }
    listing->used += taken;
    return true;
}

static void list(fuse_req_t request, fuse_ino_t number, size_t size, off_t after, bool plus)
{
    struct listing listing = {.request = request, .bytes = malloc(size), .size = size, .plus = plus};
    int error = listing.bytes == NULL ? ENOMEM : memory_list(node_of(number), (uint64_t)after, list_one, &listing);
    if (error != 0) {
        fuse_reply_err(request, error);
    } else {
        fuse_reply_buf(request, listing.bytes, listing.used);
    }
    free(listing.bytes);
}

static void on_readdir(fuse_req_t request, fuse_ino_t number, size_t size, off_t after, struct fuse_file_info *file)
{
    (void)file;
    list(request, number, size, after, false);
}

static void on_readdirplus(fuse_req_t request, fuse_ino_t number, size_t size, off_t after,
                           struct fuse_file_info *file)
{
    (void)file;
    list(request, number, size, after, true);
}

static void on_statfs(fuse_req_t request, fuse_ino_t number)
{
    struct statvfs answer = {.f_bsize = 4096, .f_frsize = 4096, .f_namemax = 255};
    (void)number;
    libfuse_check_ring(request);
    answer.f_blocks = settings.size_bytes / 4096;
    answer.f_bfree = answer.f_bavail = memory_free_bytes() / 4096;
    fuse_reply_statfs(request, &answer);
}

static const struct fuse_lowlevel_ops operations = {
    .lookup = on_lookup,
    .forget = on_forget,
    .forget_multi = on_forget_multi,
    .getattr = on_getattr,
    .setattr = on_setattr,
    .mknod = on_mknod,
    .mkdir = on_mkdir,
    .create = on_create,
    .unlink = on_unlink,
    .rmdir = on_rmdir,
    .rename = on_rename,
    .open = on_open,
    .release = on_release,
    .read = on_read,
    .write = on_write,
    .opendir = on_opendir,
    .readdir = on_readdir,
    .readdirplus = on_readdirplus,
    .statfs = on_statfs,
};

static void start(void)
{
    memory_start(settings.size_bytes, getuid(), getgid());
}

int main(int argc, char **argv)
{
    static const struct libfuse_program program = {
        .name = "memory_libfuse",
        .size_meaning = "what content may take (default: half of the machine's memory)",
        .mount_options = "default_permissions",
        .operations = &operations,
    };
    settings.size_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) / 2 * (uint64_t)sysconf(_SC_PAGESIZE);
    return libfuse_main(argc, argv, &program, &settings, start);
}
