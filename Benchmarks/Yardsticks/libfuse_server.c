#include "libfuse_server.h"

#include "null_fs.h"
#include "null_server.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    char *size;
    char *max_background;
    char *depth;
    int caching; /* 0: not said, 1: direct, 2: buffered */
    int writeback;
    int shared_descriptor;
    int ring;
} options;

#define OPTION(text, field, value) {text, offsetof(__typeof__(options), field), value}

static const struct fuse_opt option_table[] = {
    OPTION("--size=%s", size, 0),
    OPTION("--size %s", size, 0),
    OPTION("--direct", caching, 1),
    OPTION("--buffered", caching, 2),
    OPTION("--writeback", writeback, 1),
    OPTION("--max-background=%s", max_background, 0),
    OPTION("--max-background %s", max_background, 0),
    OPTION("--no-clone-fd", shared_descriptor, 1),
    OPTION("--io-uring", ring, 1),
    OPTION("--depth=%s", depth, 0),
    OPTION("--depth %s", depth, 0),
    FUSE_OPT_END,
};

static uint16_t max_background = NULL_MAX_BACKGROUND;
static _Atomic bool came_by_ring;

static void usage(const struct libfuse_program *program, bool direct)
{
    printf("usage: %s [options] MOUNTPOINT\n"
           "  --size BYTES          %s, with K, M, G or T\n"
           "  --direct              open with FOPEN_DIRECT_IO%s\n"
           "  --buffered            open with FOPEN_KEEP_CACHE%s\n"
           "  --writeback           let the page cache write back\n"
           "  --max-background N    requests in the background (default %u)\n"
           "  --no-clone-fd         all threads read one descriptor\n"
           "  --io-uring            serve the ring, with a libfuse that knows it (3.18); fails where it cannot be had\n"
           "  --depth N             entries of each queue of the ring (default: libfuse's, 8)\n"
           "Prints \"ready\" once the mount answers; SIGINT or SIGTERM unmounts and ends it.\n"
           "libfuse's own options (it never goes to the background):\n",
           program->name, program->size_meaning, direct ? " (default)" : "", direct ? "" : " (default)",
           NULL_MAX_BACKGROUND);
    fuse_cmdline_help();
    fuse_lowlevel_help();
}

/* As RingFUSE agrees with the kernel, so that the same requests come; readahead is what the kernel offers. */
static void on_init(void *context, struct fuse_conn_info *connection)
{
    (void)context;
    connection->max_write = NULL_MAX_WRITE_BYTES;
    connection->max_background = max_background;
    connection->congestion_threshold = max_background * 3 / 4;
    connection->want |= connection->capable & FUSE_CAP_PARALLEL_DIROPS;
    if (options.writeback) {
        if (!(connection->capable & FUSE_CAP_WRITEBACK_CACHE)) {
            null_fatal("this kernel has no writeback cache");
        }
        connection->want |= FUSE_CAP_WRITEBACK_CACHE;
    }
}

#ifdef FUSE_CAP_OVER_IO_URING

void libfuse_check_ring(fuse_req_t request)
{
    came_by_ring = fuse_req_is_uring(request);
}

static void want_ring(struct fuse_args *arguments)
{
    char text[64];
    fuse_opt_add_arg(arguments, "-oio_uring");
    if (options.depth != NULL) {
        uint64_t depth = null_parse_number("--depth", options.depth, 1, 4096);
        snprintf(text, sizeof(text), "-oio_uring_q_depth=%u", (unsigned)depth);
        fuse_opt_add_arg(arguments, text);
    }
}

#else

void libfuse_check_ring(fuse_req_t request)
{
    (void)request;
}

static void want_ring(struct fuse_args *arguments)
{
    (void)arguments;
    null_fatal("libfuse %s knows no ring: --io-uring takes one built with 3.18", fuse_pkgversion());
}

#endif

/* The loop must run before the mount can answer, so somebody else has to ask. */
static void *announce(void *mountpoint)
{
    null_ask_mount(mountpoint);
    if (options.ring && !came_by_ring) {
        null_fatal("libfuse does not serve the ring: it takes Linux 6.14, "
                   "and Y in /sys/module/fuse/parameters/enable_uring");
    }
    null_say_ready();
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
    fuse_loop_cfg_set_clone_fd(config, !options.shared_descriptor);
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

/* Reads all options; ends the process where they are not good, or were a question. */
static void parse(struct fuse_args *arguments, struct fuse_cmdline_opts *command_line,
                  const struct libfuse_program *program, struct libfuse_settings *settings)
{
    if (fuse_opt_parse(arguments, &options, option_table, NULL) != 0 ||
        fuse_parse_cmdline(arguments, command_line) != 0) {
        exit(2);
    }
    if (command_line->show_help) {
        usage(program, settings->direct);
        exit(0);
    }
    if (command_line->show_version) {
        printf("libfuse %s\n", fuse_pkgversion());
        exit(0);
    }
    if (command_line->mountpoint == NULL) {
        fprintf(stderr, "%s: no mountpoint; see --help\n", program->name);
        exit(2);
    }
    if (options.size != NULL) {
        settings->size_bytes = null_parse_number("--size", options.size, 0, INT64_MAX);
    }
    if (options.max_background != NULL) {
        max_background = (uint16_t)null_parse_number("--max-background", options.max_background, 1, UINT16_MAX);
    }
    if (options.caching != 0) {
        settings->direct = options.caching == 1;
    }
    if (options.ring) {
        want_ring(arguments);
    } else if (options.depth != NULL) {
        fprintf(stderr, "%s: --depth goes with --io-uring\n", program->name);
        exit(2);
    }
    if (program->mount_options != NULL) {
        fuse_opt_add_arg(arguments, "-o");
        fuse_opt_add_arg(arguments, program->mount_options);
    }
}

int libfuse_main(int argc, char **argv, const struct libfuse_program *program, struct libfuse_settings *settings,
                 void (*ready_to_serve)(void))
{
    struct fuse_args arguments = FUSE_ARGS_INIT(argc, argv);
    struct fuse_cmdline_opts command_line;
    struct fuse_lowlevel_ops operations = *program->operations;
    operations.init = on_init;
    parse(&arguments, &command_line, program, settings);
    if (ready_to_serve != NULL) {
        ready_to_serve();
    }
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
