/// What tests need from C.
#ifndef CTESTSUPPORT_H
#define CTESTSUPPORT_H

#include <sys/types.h>

/// Runs `body` on a thread of its own and waits for it. With a user other than (uid_t)-1 the thread, and it alone, gives up
/// root for that user and group: on Linux credentials belong to threads, which only libc's wrappers hide.
/// Returns 0 or -errno, with which `body` has not run.
int rfuse_test_run(uid_t user, gid_t group, void (*body)(void *), void *context);

#endif
