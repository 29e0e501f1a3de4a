#include "worker.h"

#include <stddef.h>

static _Thread_local void *current_worker = NULL;

void *rfuse_current_worker(void)
{
    return current_worker;
}

void rfuse_set_current_worker(void *identity)
{
    current_worker = identity;
}
