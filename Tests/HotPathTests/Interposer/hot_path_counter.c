// Counts what the hot path must not do, in the process it is preloaded into: allocations, retains and locks.
//
// The counts are kept in a file that HOT_PATH_COUNTER names, mapped shared, so that the test reads them while the
// process runs: 64 bits each, allocations first. Only threads whose name starts with "ringfuse-" count: those that
// serve; and not "ringfuse-watch" and "ringfuse-place", which look at them some times a second, whatever they serve.
// Locks are those of pthreads, which the runtime uses; that Swift's own never wait shows in the traced system calls.
//
// cc -O2 -shared -fPIC -o counter.so hot_path_counter.c -ldl

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

// Glibc's own, which it exports under these names for exactly this purpose.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

enum { allocations, retains, locks, counts };

static _Atomic uint64_t *counters;

/// The runtime's own swift_retain: a C function here, which returns its argument.
static void *(*runtime_retain)(void *);
/// Glibc's own pthread_mutex_lock.
static int (*system_lock)(pthread_mutex_t *);

__attribute__((constructor)) static void map_counters(void)
{
    const char *path = getenv("HOT_PATH_COUNTER");
    runtime_retain = (void *(*)(void *))dlsym(RTLD_NEXT, "swift_retain");
    system_lock = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_lock");
    int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (file < 0)
        return;
    void *mapped = mmap(NULL, counts * sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED)
        counters = mapped;
}

static void count(int kind)
{
    static _Thread_local signed char serves = -1;
    if (counters == NULL)
        return;
    if (serves < 0) {
        // A thread gets its name before it serves, and has that of the session's, which made it, until then: ask until
        // it has one of its own.
        char name[16] = "";
        prctl(PR_GET_NAME, name);
        if (strncmp(name, "ringfuse-", 9) != 0 || strncmp(name, "ringfuse-sess", 13) == 0)
            return;
        serves = strcmp(name, "ringfuse-watch") != 0 && strcmp(name, "ringfuse-place") != 0;
    }
    if (serves == 0)
        return;
    atomic_fetch_add(&counters[kind], 1);
}

void *malloc(size_t size)
{
    count(allocations);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    count(allocations);
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
    count(allocations);
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size)
{
    count(allocations);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count(allocations);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size)
{
    count(allocations);
    *result = __libc_memalign(alignment, size);
    return *result == NULL ? 12 : 0;
}

void *swift_retain(void *object)
{
    if (runtime_retain == NULL)
        runtime_retain = (void *(*)(void *))dlsym(RTLD_NEXT, "swift_retain");
    count(retains);
    return runtime_retain(object);
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    if (system_lock == NULL)
        system_lock = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_lock");
    count(locks);
    return system_lock(mutex);
}
