/* What the null servers have in common around the file system: options, mount and unmount, INIT, /dev/fuse. */

#ifndef NULL_SERVER_H
#define NULL_SERVER_H

#include "null_fs.h"

#include <stdbool.h>
#include <stdint.h>

/* Prints the message, takes the mount away and ends the process with 1. Any thread may call it. */
_Noreturn void null_fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

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
void null_serve_init(int device, uint64_t flags_wanted);

/* Serves /dev/fuse until the connection ends. */
void null_serve_device(int device, const struct null_fs *fs);

/* Asks the mount a question, and prints "ready" when it has answered. */
void null_announce_ready(const char *mountpoint);

/* Waits for a signal, or for null_request_stop. */
void null_wait_for_stop(void);

/* From any thread: the connection has ended. */
void null_request_stop(void);

#endif
