/*
 * The null file system on bare /dev/fuse: one cloned descriptor per thread, one read and one writev per request.
 *
 *     null_device [--threads N] [--size BYTES] [--direct | --buffered] MOUNTPOINT
 */

#include "null_fs.h"
#include "null_server.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_THREADS 1024

struct worker {
    pthread_t thread;
    int device;
    const struct null_fs *fs;
};

static void usage(FILE *stream)
{
    fprintf(stream, "usage: null_device [options] MOUNTPOINT\n"
                    "  --threads N           threads, each with its clone of /dev/fuse (default: one per online CPU)\n"
                    NULL_COMMON_USAGE);
}

static void *serve(void *argument)
{
    struct worker *worker = argument;
    null_serve_device(worker->device, worker->fs);
    null_request_stop();
    return NULL;
}

static int clone_device(int device)
{
    uint32_t original = (uint32_t)device;
    int clone = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (clone < 0 || ioctl(clone, FUSE_DEV_IOC_CLONE, &original) != 0) {
        null_fatal("cannot clone /dev/fuse: %s", strerror(errno));
    }
    return clone;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"threads", required_argument, NULL, 't'},
        NULL_COMMON_OPTIONS,
    };
    struct null_fs fs = {
        .size_bytes = NULL_DEFAULT_SIZE_BYTES, .direct = true, .max_background = NULL_MAX_BACKGROUND};
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = online < 1 ? 1 : online > MAX_THREADS ? MAX_THREADS : (unsigned)online;
    int option;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 't': threads = (unsigned)null_parse_number("--threads", optarg, 1, MAX_THREADS); break;
        case 'h': usage(stdout); return 0;
        default:
            if (!null_take_option(option, optarg, &fs)) {
                usage(stderr);
                return 2;
            }
        }
    }
    if (optind != argc - 1) {
        usage(stderr);
        return 2;
    }
    const char *mountpoint = argv[optind];
    null_block_signals();
    null_guard_mount(mountpoint);
    int device = null_mount(mountpoint, "null_device");
    null_serve_init(device, 0, &fs);

    struct worker *workers = calloc(threads, sizeof(*workers));
    if (workers == NULL) {
        null_fatal("out of memory");
    }
    for (unsigned i = 0; i < threads; i++) {
        workers[i].fs = &fs;
        workers[i].device = clone_device(device);
        if (pthread_create(&workers[i].thread, NULL, serve, &workers[i]) != 0) {
            null_fatal("cannot start thread %u", i);
        }
    }
    null_ask_mount(mountpoint);
    null_say_ready();
    null_wait_for_stop();
    null_unmount(mountpoint);
    /* The threads end with the process: a copy of the mount in another namespace may keep the connection alive. */
    null_guard_release();
    return 0;
}
