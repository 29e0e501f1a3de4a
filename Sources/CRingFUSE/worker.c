#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

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

void rfuse_signal_eventfd(int file)
{
    uint64_t one = 1;
    // Fails only where the counter is full: then it is readable anyway.
    (void)!write(file, &one, sizeof one);
}

int rfuse_thread_id(void)
{
    return (int)syscall(SYS_gettid);
}

char rfuse_thread_state(int thread)
{
    char path[48], line[256];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t count = read(file, line, sizeof line - 1);
    close(file);
    line[count > 0 ? count : 0] = 0;
    // "number (name) state …": the name may hold anything, but nothing behind it holds a parenthesis.
    const char *end = strrchr(line, ')');
    return end && end[1] == ' ' ? end[2] : 0;
}
