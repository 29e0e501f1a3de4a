#include "CTestSupport.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

/// What a thread is started with, and what came of it.
struct run {
    uid_t user;
    gid_t group;
    void (*body)(void *);
    void *context;
    int error;
};

static void *start(void *argument)
{
    struct run *run = argument;
    if (run->user != (uid_t)-1 &&
        (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, run->group, run->group, run->group) < 0 ||
         syscall(SYS_setresuid, run->user, run->user, run->user) < 0)) {
        run->error = errno;
        return NULL;
    }
    run->body(run->context);
    return NULL;
}

int rfuse_test_run(uid_t user, gid_t group, void (*body)(void *), void *context)
{
    struct run run = {.user = user, .group = group, .body = body, .context = context};
    pthread_t thread;
    int error = pthread_create(&thread, NULL, start, &run);
    if (!error) {
        pthread_join(thread, NULL);
        error = run.error;
    }
    return -error;
}
