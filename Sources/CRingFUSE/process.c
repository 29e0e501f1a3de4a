#include "process.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/// PR_SET_IO_FLUSHER of linux/prctl.h and MADV_POPULATE_WRITE of linux/mman.h (Linux 5.14), for older headers.
enum { RFUSE_SET_IO_FLUSHER = 57, RFUSE_POPULATE_WRITE = 23 };

int rfuse_become_io_flusher(void)
{
    return prctl(RFUSE_SET_IO_FLUSHER, 1UL, 0UL, 0UL, 0UL) < 0 ? -errno : 0;
}

/// Gives the nice value of the main thread to others, as setpriority(2) names them.
static int give_main_nice(int which, id_t who)
{
    // -1 is a nice value as well as a failure.
    errno = 0;
    int nice = getpriority(PRIO_PROCESS, (id_t)getpid());
    if (errno != 0)
        return -errno;
    return setpriority(which, who, nice) < 0 ? -errno : 0;
}

int rfuse_take_main_nice(void)
{
    // 0 stands for the calling thread.
    return give_main_nice(PRIO_PROCESS, 0);
}

int rfuse_give_main_nice(pid_t group)
{
    return give_main_nice(PRIO_PGRP, (id_t)group);
}

/// Whether the calling process may lock any amount: without regard to its limit, or because there is none. The kernel
/// asks for CAP_IPC_LOCK in the initial user namespace (`can_do_mlock`), so that its own answer is all that counts:
/// with a limit of 0, only those who need none can lock a page.
static int may_lock_all(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
        return 0;
    if (limit.rlim_max == RLIM_INFINITY) {
        limit.rlim_cur = RLIM_INFINITY;
        return setrlimit(RLIMIT_MEMLOCK, &limit) == 0;
    }
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *probe = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED)
        return 0;
    struct rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
    int may = setrlimit(RLIMIT_MEMLOCK, &none) == 0 && mlock(probe, page) == 0;
    setrlimit(RLIMIT_MEMLOCK, &limit);
    munmap(probe, page);
    return may;
}

int rfuse_lock_memory(void)
{
    // A limit that suffices for now would let a later mapping fail, be it a thread's stack or an arena of malloc.
    if (!may_lock_all())
        return -EPERM;
    // In two steps, of which the second leaves alone what the first has locked (`apply_mlockall_flags`): programs and
    // libraries are to be there as a whole, but later mappings are stacks and arenas, of which most is never touched.
    if (mlockall(MCL_CURRENT) < 0 || mlockall(MCL_FUTURE | MCL_ONFAULT) < 0)
        return -errno;
    return 0;
}

int rfuse_populate(void *address, size_t length)
{
    if (madvise(address, length, RFUSE_POPULATE_WRITE) == 0)
        return 0;
    if (errno != EINVAL)
        return -errno;
    // Before Linux 5.14. The memory belongs to the caller alone: writing back what is there changes nothing.
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t offset = 0; offset < length; offset += page) {
        volatile uint8_t *byte = (volatile uint8_t *)address + offset;
        *byte = *byte;
    }
    return 0;
}
