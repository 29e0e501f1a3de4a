/*
 * A slow store on libfuse's low-level interface: one file of zeros, whose reads sleep in the thread that serves them.
 *
 *     delay_libfuse [--delay-us N] [libfuse's own options] MOUNTPOINT
 *
 * What Delay is held against: a server that takes a thread for each request under way. -s leaves it one for all;
 * otherwise libfuse starts as many as it likes (-o max_threads=N). It stays in the foreground.
 */

#define FUSE_USE_VERSION 312

#include <errno.h>
#include <fuse_lowlevel.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { FILE_NODE = 2, TIMEOUT_SECONDS = 3600, LARGEST_READ_BYTES = 1 << 20, DEFAULT_DELAY_US = 1000 };

static const off_t file_bytes = 1 << 30;
static const char file_name[] = "file";
static char zeros[LARGEST_READ_BYTES];

static struct {
    unsigned delay_us;
} options = {.delay_us = DEFAULT_DELAY_US};

static const struct fuse_opt option_table[] = {
    {"--delay-us=%u", offsetof(__typeof__(options), delay_us), 0},
    {"--delay-us %u", offsetof(__typeof__(options), delay_us), 0},
    FUSE_OPT_END,
};

static struct stat attributes(fuse_ino_t node)
{
    bool root = node == FUSE_ROOT_ID;
    return (struct stat){
        .st_ino = node,
        .st_mode = root ? S_IFDIR | 0755 : S_IFREG | 0644,
        .st_nlink = root ? 2 : 1,
        .st_size = root ? 0 : file_bytes,
        .st_blksize = 4096,
    };
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param entry = {
        .ino = FILE_NODE, .attr_timeout = TIMEOUT_SECONDS, .entry_timeout = TIMEOUT_SECONDS};
    if (parent != FUSE_ROOT_ID || strcmp(name, file_name) != 0) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    entry.attr = attributes(FILE_NODE);
    fuse_reply_entry(request, &entry);
}

static void on_getattr(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *file)
{
    (void)file;
    struct stat attr = attributes(node);
    fuse_reply_attr(request, &attr, TIMEOUT_SECONDS);
}

static void on_open(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *file)
{
    (void)node;
    file->direct_io = 1;
    fuse_reply_open(request, file);
}

static void on_read(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset, struct fuse_file_info *file)
{
    (void)node;
    (void)file;
    if (options.delay_us > 0) {
        usleep(options.delay_us);
    }
    size_t left = offset < file_bytes ? (size_t)(file_bytes - offset) : 0;
    size_t wanted = size < sizeof(zeros) ? size : sizeof(zeros);
    fuse_reply_buf(request, zeros, wanted < left ? wanted : left);
}

static const struct fuse_lowlevel_ops operations = {
    .lookup = on_lookup,
    .getattr = on_getattr,
    .open = on_open,
    .read = on_read,
};

static int serve(struct fuse_session *session, const struct fuse_cmdline_opts *command_line)
{
    if (command_line->singlethread) {
        return fuse_session_loop(session);
    }
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    fuse_loop_cfg_set_clone_fd(config, 1);
    /* Only what was asked for: libfuse 3.14 complains about its own "not set". */
    if (command_line->max_threads != UINT_MAX) {
        fuse_loop_cfg_set_max_threads(config, command_line->max_threads);
    }
    int status = fuse_session_loop_mt(session, config);
    fuse_loop_cfg_destroy(config);
    return status;
}

int main(int argc, char **argv)
{
    struct fuse_args arguments = FUSE_ARGS_INIT(argc, argv);
    struct fuse_cmdline_opts command_line;
    if (fuse_opt_parse(&arguments, &options, option_table, NULL) != 0 ||
        fuse_parse_cmdline(&arguments, &command_line) != 0 || command_line.mountpoint == NULL) {
        fprintf(stderr, "usage: delay_libfuse [--delay-us N] [libfuse's options] MOUNTPOINT\n");
        return 2;
    }
    prctl(PR_SET_TIMERSLACK, 1UL); /* the threads of the loop inherit it */
    struct fuse_session *session = fuse_session_new(&arguments, &operations, sizeof(operations), NULL);
    if (session == NULL || fuse_set_signal_handlers(session) != 0 ||
        fuse_session_mount(session, command_line.mountpoint) != 0) {
        return 1;
    }
    int status = serve(session, &command_line);
    fuse_remove_signal_handlers(session);
    fuse_session_unmount(session);
    fuse_session_destroy(session);
    free(command_line.mountpoint);
    fuse_opt_free_args(&arguments);
    return status < 0 ? 1 : 0; /* the number of a signal is not a failure */
}
