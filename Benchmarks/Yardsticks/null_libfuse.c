/*
 * The null file system on libfuse's low-level interface: its multi-threaded loop, with cloned descriptors.
 *
 *     null_libfuse [--size BYTES] [--direct | --buffered] [libfuse's own options] MOUNTPOINT
 *
 * It stays in the foreground. A libfuse that knows the ring takes -o io_uring.
 */

#define FUSE_USE_VERSION 312

#include "null_fs.h"
#include "null_server.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct {
    char *size;
    int buffered;
} options;

static const struct fuse_opt option_table[] = {
    {"--size=%s", offsetof(__typeof__(options), size), 0},
    {"--size %s", offsetof(__typeof__(options), size), 0},
    {"--buffered", offsetof(__typeof__(options), buffered), 1},
    {"--direct", offsetof(__typeof__(options), buffered), 0},
    FUSE_OPT_END,
};

static struct null_fs fs = {.size_bytes = NULL_DEFAULT_SIZE_BYTES, .direct = true};
static char zeros[NULL_MAX_WRITE_BYTES];

static void on_init(void *context, struct fuse_conn_info *connection)
{
    (void)context;
    connection->max_write = NULL_MAX_WRITE_BYTES;
    connection->max_background = NULL_MAX_BACKGROUND;
    connection->congestion_threshold = NULL_MAX_BACKGROUND * 3 / 4;
}

static struct stat attributes(fuse_ino_t node)
{
    bool root = node == FUSE_ROOT_ID;
    struct stat attr = {
        .st_ino = node,
        .st_mode = root ? S_IFDIR | 0755 : S_IFREG | 0644,
        .st_nlink = root ? 2 : 1,
        .st_size = root ? 0 : (off_t)fs.size_bytes,
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
    file->direct_io = fs.direct;
    file->keep_cache = !fs.direct;
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
    fuse_reply_buf(request, zeros, null_fs_read_bytes(&fs, (uint64_t)offset, wanted));
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
    struct statvfs answer = {.f_bsize = NULL_BLOCK_BYTES, .f_frsize = NULL_BLOCK_BYTES, .f_namemax = 255};
    fuse_reply_statfs(request, &answer);
}

static const struct fuse_lowlevel_ops operations = {
    .init = on_init,
    .lookup = on_lookup,
    .getattr = on_getattr,
    .setattr = on_setattr,
    .open = on_open,
    .read = on_read,
    .write = on_write,
    .flush = on_close,
    .release = on_close,
    .fsync = on_fsync,
    .opendir = on_opendir,
    .readdir = on_readdir,
    .releasedir = on_close,
    .statfs = on_statfs,
};

static void usage(void)
{
    printf("usage: null_libfuse [--size BYTES] [--direct | --buffered] [options] MOUNTPOINT\n"
           "  --size BYTES    size of every file, with K, M, G or T (default 1G)\n"
           "  --direct        open with FOPEN_DIRECT_IO (default)\n"
           "  --buffered      open with FOPEN_KEEP_CACHE\n"
           "Prints \"ready\" once the mount answers; SIGINT or SIGTERM unmounts and ends it.\n"
           "libfuse's own options (it never goes to the background, and cloned descriptors are always on):\n");
    fuse_cmdline_help();
    fuse_lowlevel_help();
}

/* The loop must run before the mount can answer, so somebody else has to ask. */
static void *announce(void *mountpoint)
{
    null_announce_ready(mountpoint);
    return NULL;
}

static int start_announcement(pthread_t *thread, char *mountpoint)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before); /* signals are for the loop */
    int error = pthread_create(thread, NULL, announce, mountpoint);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static int serve(struct fuse_session *session, const struct fuse_cmdline_opts *command_line)
{
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    pthread_t announcement;
    fuse_loop_cfg_set_clone_fd(config, 1);
    /* Only what was asked for: libfuse 3.14 complains about its own "not set". */
    if (command_line->max_threads != UINT_MAX) {
        fuse_loop_cfg_set_max_threads(config, command_line->max_threads);
    }
    if (command_line->max_idle_threads != UINT_MAX) {
        fuse_loop_cfg_set_idle_threads(config, command_line->max_idle_threads);
    }
    if (start_announcement(&announcement, command_line->mountpoint) != 0) {
        null_fatal("cannot start a thread");
    }
    int status = command_line->singlethread ? fuse_session_loop(session) : fuse_session_loop_mt(session, config);
    fuse_loop_cfg_destroy(config);
    fuse_remove_signal_handlers(session);
    fuse_session_unmount(session);
    pthread_join(announcement, NULL);
    return status < 0 ? 1 : 0; /* the number of a signal is not a failure */
}

int main(int argc, char **argv)
{
    struct fuse_args arguments = FUSE_ARGS_INIT(argc, argv);
    struct fuse_cmdline_opts command_line;
    if (fuse_opt_parse(&arguments, &options, option_table, NULL) != 0 ||
        fuse_parse_cmdline(&arguments, &command_line) != 0) {
        return 2;
    }
    if (command_line.show_help) {
        usage();
        return 0;
    }
    if (command_line.mountpoint == NULL) {
        fprintf(stderr, "null_libfuse: no mountpoint; see --help\n");
        return 2;
    }
    if (options.size != NULL) {
        fs.size_bytes = null_parse_number("--size", options.size, 0, INT64_MAX);
    }
    fs.direct = !options.buffered;
    memset(zeros, 0, sizeof(zeros)); /* real pages, as in the other servers */

    null_guard_mount(command_line.mountpoint);
    /* A shell without job control ignores SIGINT in what it starts in the background, and libfuse keeps it so. */
    signal(SIGINT, SIG_DFL);
    struct fuse_session *session = fuse_session_new(&arguments, &operations, sizeof(operations), NULL);
    if (session == NULL || fuse_set_signal_handlers(session) != 0 ||
        fuse_session_mount(session, command_line.mountpoint) != 0) {
        null_guard_release();
        return 1;
    }
    int status = serve(session, &command_line);
    fuse_session_destroy(session);
    null_guard_release();
    free(command_line.mountpoint);
    fuse_opt_free_args(&arguments);
    return status;
}
