/// What tests need from C.
#ifndef CTESTSUPPORT_H
#define CTESTSUPPORT_H

#include <sys/types.h>

/// Runs `body` on a thread of its own and waits for it. With `private_mounts` the thread has a mount namespace of its own,
/// so that nothing it mounts is seen by others or outlives it. Returns 0 or -errno, with which `body` has not run.
int rfuse_test_run(int private_mounts, void (*body)(void *), void *context);

/// Makes the calling thread, and it alone, another user for good: on Linux credentials belong to threads, which only
/// libc's wrappers hide. Returns 0 or -errno.
int rfuse_test_become(uid_t user, gid_t group);

#endif
