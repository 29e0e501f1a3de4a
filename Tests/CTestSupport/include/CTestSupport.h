/// What tests need from C.
#ifndef CTESTSUPPORT_H
#define CTESTSUPPORT_H

#include <sys/types.h>

/// Runs `body` on a thread of its own and waits for it. With `private_mounts` the thread has a mount namespace of its
/// own, so that nothing it mounts is seen by others or outlives it. Returns 0 or -errno, with which `body` has not run.
int rfuse_test_run(int private_mounts, void (*body)(void *), void *context);

/// Makes the calling thread, and it alone, another user for good: on Linux credentials belong to threads, which only
/// libc's wrappers hide. Returns 0 or -errno.
int rfuse_test_become(uid_t user, gid_t group);

/// Bind-mounts `source` on `target` with owners mapped: users and groups from `inside` on show as those from `outside`
/// on,
/// `count` of them (mount_setattr with MOUNT_ATTR_IDMAP, Linux 5.12). Returns 0 or -errno.
int rfuse_test_bind_mapped(const char *source, const char *target, unsigned inside, unsigned outside, unsigned count);

/// A file in memory for the output of programs. Returns its descriptor or -errno.
int rfuse_test_memory_file(void);

/// Starts a program in a process group of its own, with both outputs in the file `output`. It is killed when the
/// calling thread ends, so that it can't outlive its test. Exit code 127: it could not be started. Returns its number
/// or -errno.
pid_t rfuse_test_spawn(char *const arguments[], const char *directory, int output);

/// Waits for the end of a child without reaping it. Returns 1, or 0 when the time is up, or -errno.
int rfuse_test_wait(pid_t child, int milliseconds);

/// Reaps a child that has ended: its exit code, -1 for none; and the signal that ended it, 0 for none. Returns 0 or
/// -errno.
int rfuse_test_reap(pid_t child, int *exit_code, int *signal_number);

#endif
