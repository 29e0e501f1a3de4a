#include "CBench.h"

#include <errno.h>
#include <sys/mman.h>

int rbench_touch(size_t bytes)
{
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    // Hosts take back, and give, blocks of this size. Where there are none, small pages do.
    madvise(memory, bytes, MADV_HUGEPAGE);
    for (size_t i = 0; i < bytes; i += 4096)
        ((volatile char *)memory)[i] = 1;
    munmap(memory, bytes);
    return 0;
}
