/* What the servers on libfuse have in common around the file system: options, connection, loop, mount and unmount. */

#ifndef LIBFUSE_SERVER_H
#define LIBFUSE_SERVER_H

#define FUSE_USE_VERSION 312

#include <fuse_lowlevel.h>
#include <stdbool.h>
#include <stdint.h>

struct libfuse_settings {
    uint64_t size_bytes; /* --size */
    bool direct;         /* --direct or --buffered, which is the default or not as main says */
};

struct libfuse_program {
    const char *name;
    const char *size_meaning; /* for --help */
    const char *mount_options; /* -o for libfuse, or NULL */
    const struct fuse_lowlevel_ops *operations; /* `init` is set here: it is the same for all */
};

/* Serves until a signal or an unmount; returns what main is to return. `settings` holds the defaults before, and is
 * set before the first request; `ready_to_serve`, where there is one, runs then. */
int libfuse_main(int argc, char **argv, const struct libfuse_program *program, struct libfuse_settings *settings,
                 void (*ready_to_serve)(void));

/* To be called by the answer to STATFS, which is the question that the mount is asked before "ready": with --io-uring
 * the server ends when it did not come by the ring. libfuse itself only writes a line and goes on without. */
void libfuse_check_ring(fuse_req_t request);

/* What OPEN is to say of the page cache. */
static inline void libfuse_set_caching(const struct libfuse_settings *settings, struct fuse_file_info *file)
{
    file->direct_io = settings->direct;
    file->keep_cache = !settings->direct;
}

#endif
