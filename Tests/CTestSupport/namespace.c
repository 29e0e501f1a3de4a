#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <unistd.h>

/// Gives the whole test process a mount namespace of its own, before it has a second thread: what its tests and their
/// processes mount is seen by nobody else, and is gone when the last of them is, however that ends.
///
/// Only root may; for others nothing changes, and no test of theirs mounts.
__attribute__((constructor)) static void have_own_mounts(void)
{
    if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0)
        (void)mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
}
