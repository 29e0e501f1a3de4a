#include "worker.h"

#include <errno.h>
#include <stddef.h>
#include <sys/eventfd.h>

static _Thread_local void *current_worker = NULL;

void *rfuse_current_worker(void)
{
    return current_worker;
}

void rfuse_set_current_worker(void *identity)
{
    current_worker = identity;
}

int rfuse_eventfd(void)
{
    int file = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return file < 0 ? -errno : file;
}
