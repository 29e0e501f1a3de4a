#include "CTestSupport.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/// What a thread is started with, and what came of it.
struct run {
    int private_mounts;
    void (*body)(void *);
    void *context;
    int error;
};

static void *start(void *argument)
{
    struct run *run = argument;
    if (run->private_mounts &&
        (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)) {
        run->error = errno;
        return NULL;
    }
    run->body(run->context);
    return NULL;
}

int rfuse_test_run(int private_mounts, void (*body)(void *), void *context)
{
    struct run run = {.private_mounts = private_mounts, .body = body, .context = context};
    pthread_t thread;
    int error = pthread_create(&thread, NULL, start, &run);
    if (!error) {
        pthread_join(thread, NULL);
        error = run.error;
    }
    return -error;
}

int rfuse_test_become(uid_t user, gid_t group)
{
    if (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, group, group, group) < 0 ||
        syscall(SYS_setresuid, user, user, user) < 0)
        return -errno;
    return 0;
}
