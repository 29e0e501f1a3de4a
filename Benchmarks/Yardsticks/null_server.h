/* What the null servers have in common around the file system: options, mount and unmount, INIT, /dev/fuse. */

#ifndef NULL_SERVER_H
#define NULL_SERVER_H

#include "null_fs.h"

#include <stdbool.h>
#include <stdint.h>

/* Prints the message, takes the mount away and ends the process with 1. Any thread may call it. */
_Noreturn void null_fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What the servers without libfuse have in common of their options; the first ends a table of them. */
#define NULL_COMMON_OPTIONS                                                                                            \
    {"size", required_argument, NULL, 's'}, {"direct", no_argument, NULL, 'd'}, {"buffered", no_argument, NULL, 'b'},  \
    {"writeback", no_argument, NULL, 'w'}, {"max-background", required_argument, NULL, 'm'},                           \
    {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}
#define NULL_COMMON_USAGE                                                                                              \
    "  --size BYTES          size of every file, with K, M, G or T (default 1G)\n"                                     \
    "  --direct              open with FOPEN_DIRECT_IO (default)\n"                                                    \
    "  --buffered            open with FOPEN_KEEP_CACHE\n"                                                             \
    "  --writeback           let the page cache write back\n"                                                          \
    "  --max-background N    requests in the background (default 64)\n"                                                \
    "Prints \"ready\" once the mount answers; SIGINT or SIGTERM unmounts and ends it.\n"

/* Takes one of them. False where it is none. */
bool null_take_option(int option, const char *value, struct null_fs *fs);

/* A number with an optional K, M, G or T. False when it is not one. */
bool null_parse_bytes(const char *text, uint64_t *value);

/* A decimal number between `least` and `most`; complains about `option` and exits with 2 when it is not. */
uint64_t null_parse_number(const char *option, const char *text, uint64_t least, uint64_t most);

/* Blocks SIGINT, SIGTERM and SIGHUP for the calling thread and those it will start. */
void null_block_signals(void);

/*
 * Starts a process that unmounts `mountpoint` when this one is gone, however it went (kill -9 too).
 * Call it before anything opens /dev/fuse: the process must not hold the connection open.
 */
void null_guard_mount(const char *mountpoint);

/* Tells that process that there is nothing left to do. */
void null_guard_release(void);

/* Opens /dev/fuse and mounts it. Returns the descriptor. */
int null_mount(const char *mountpoint, const char *source);

/* Unmounts, by force when the mount is busy. No mount is left. */
void null_unmount(const char *mountpoint);

/* Reads INIT and answers it. `flags_wanted` must all be offered by the kernel; what lacks is a fatal error. */
void null_serve_init(int device, uint64_t flags_wanted, const struct null_fs *fs);

/* Serves /dev/fuse until the connection ends. */
void null_serve_device(int device, const struct null_fs *fs);

/* Asks the mount a question (STATFS), and comes back when it has answered. */
void null_ask_mount(const char *mountpoint);

/* Prints "ready". */
void null_say_ready(void);

/* Waits for a signal, or for null_request_stop. */
void null_wait_for_stop(void);

/* From any thread: the connection has ended. */
void null_request_stop(void);

#endif
