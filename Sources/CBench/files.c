#include "CBench.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SMALL_BYTES 4096
#define NAME_BYTES 24

/// One thread of a run.
struct caller {
    const struct rbench_job *job;
    unsigned number;
    pthread_t thread;
    /// Its own directory.
    int directory;
    /// Where all threads wait for the last.
    pthread_barrier_t *start;
    int error;
    struct rbench_result result;
    uint64_t began, ended;
};

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

// MARK: - Latencies

/// Below 16 ns a bucket is a nanosecond; above, the four bits after the highest one tell which.
static unsigned bucket_of(uint64_t nanoseconds)
{
    if (nanoseconds < 16) {
        return (unsigned)nanoseconds;
    }
    unsigned power = 63 - (unsigned)__builtin_clzll(nanoseconds);
    return (power - 3) * 16 + (unsigned)(nanoseconds >> (power - 4) & 15);
}

double rbench_bucket_nanoseconds(unsigned bucket)
{
    if (bucket < 16) {
        return bucket;
    }
    double width = (double)(1ull << (bucket / 16 - 1));
    return (16 + bucket % 16 + 0.5) * width;
}

static void record(struct caller *caller, uint64_t nanoseconds, uint64_t operations)
{
    caller->result.operations += operations;
    caller->result.total_latency += nanoseconds;
    caller->result.histogram[bucket_of(operations > 0 ? nanoseconds / operations : 0)] += operations;
}

// MARK: - Operations

static int make(int directory, const char *name, int bytes)
{
    static const char content[SMALL_BYTES];
    int file = openat(directory, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    if (file < 0) {
        return -errno;
    }
    int error = 0;
    if (bytes > 0) {
        ssize_t count = write(file, content, (size_t)bytes);
        error = count < 0 ? -errno : count == bytes ? 0 : -EIO;
    }
    return close(file) != 0 && error == 0 ? -errno : error;
}

static int read_small(int directory, const char *name)
{
    char content[SMALL_BYTES];
    int file = openat(directory, name, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return -errno;
    }
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ssize_t count = read(file, content, sizeof(content));
    int error = count < 0 ? -errno : count == sizeof(content) ? 0 : -EIO;
    close(file);
    return error;
}

static int look_up(int directory, const char *name)
{
    if (faccessat(directory, name, F_OK, 0) == 0) {
        return -EEXIST;
    }
    return errno == ENOENT ? 0 : -errno;
}

static int operate(const struct caller *caller, unsigned index)
{
    char name[NAME_BYTES], other[NAME_BYTES];
    struct statx status;
    int directory = caller->directory;
    snprintf(name, sizeof(name), "file-%08u", index);
    switch (caller->job->operation) {
    case RBENCH_CREATE: return make(directory, name, 0);
    case RBENCH_WRITE_SMALL: return make(directory, name, SMALL_BYTES);
    case RBENCH_READ_SMALL: return read_small(directory, name);
    case RBENCH_STAT:
        return statx(directory, name, AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &status) == 0 ? 0 : -errno;
    case RBENCH_LOOKUP:
        snprintf(other, sizeof(other), "none-%08u", index);
        return look_up(directory, other);
    case RBENCH_RENAME:
        snprintf(other, sizeof(other), "name-%08u", index);
        return renameat(directory, name, directory, other) == 0 ? 0 : -errno;
    case RBENCH_UNLINK: return unlinkat(directory, name, 0) == 0 ? 0 : -errno;
    case RBENCH_READDIR: break;
    }
    return -EINVAL;
}

/// The head of an entry, as getdents64(2) has it.
struct entry_head {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
};

/// How many entries there are in what getdents64 gave.
static uint64_t entries_in(const char *buffer, long bytes)
{
    uint64_t entries = 0;
    struct entry_head head;
    for (long at = 0; at < bytes; at += head.length) {
        memcpy(&head, buffer + at, sizeof(head));
        if (head.length == 0) {
            break;
        }
        entries++;
    }
    return entries;
}

/// Lists the directory once. The buffer is as large as glibc's.
static int list(struct caller *caller)
{
    char buffer[32768];
    uint64_t before = caller->result.operations;
    int directory = openat(caller->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return -errno;
    }
    long bytes;
    for (;;) {
        uint64_t began = now();
        bytes = syscall(SYS_getdents64, directory, buffer, sizeof(buffer));
        if (bytes <= 0) {
            break;
        }
        record(caller, now() - began, entries_in(buffer, bytes));
    }
    int error = bytes < 0 ? -errno : 0;
    close(directory);
    // `.` and `..` are entries as well, where the file system gives them.
    return error == 0 && caller->result.operations - before < caller->job->files ? -EIO : error;
}

// MARK: - Threads

static int pin(const struct caller *caller)
{
    const struct rbench_job *job = caller->job;
    if (job->cpu_count == 0) {
        return 0;
    }
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(job->cpus[caller->number % job->cpu_count], &set);
    return sched_setaffinity(0, sizeof(set), &set) == 0 ? 0 : -errno;
}

/// Listings of a directory in one run: enough that the first, which fills the kernel's caches, does not count alone.
#define LISTINGS 4

static void *call(void *argument)
{
    struct caller *caller = argument;
    caller->error = pin(caller);
    pthread_barrier_wait(caller->start);
    caller->began = now();
    if (caller->job->operation == RBENCH_READDIR) {
        for (unsigned round = 0; round < LISTINGS && caller->error == 0; round++) {
            caller->error = list(caller);
        }
    } else {
        uint64_t before = caller->began;
        for (unsigned index = 0; index < caller->job->files && caller->error == 0; index++) {
            caller->error = operate(caller, index);
            uint64_t after = now();
            record(caller, after - before, 1);
            before = after;
        }
    }
    caller->ended = now();
    return NULL;
}

static int open_directory(const struct rbench_job *job, unsigned number)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%u", job->directory, number);
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return directory < 0 ? -errno : directory;
}

static void add(struct rbench_result *sum, const struct caller *caller)
{
    sum->operations += caller->result.operations;
    sum->total_latency += caller->result.total_latency;
    for (unsigned bucket = 0; bucket < RBENCH_BUCKETS; bucket++) {
        sum->histogram[bucket] += caller->result.histogram[bucket];
    }
}

/// Starts the threads, whose directories are open, and waits for them. Returns 0 or -errno.
static int run_callers(struct caller *callers, unsigned count)
{
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, count);
    for (unsigned number = 0; number < count; number++) {
        callers[number].start = &start;
        int error = pthread_create(&callers[number].thread, NULL, call, &callers[number]);
        if (error != 0) {
            // Those that have been started wait for one that never comes; the process is to end.
            return -error;
        }
    }
    for (unsigned number = 0; number < count; number++) {
        pthread_join(callers[number].thread, NULL);
    }
    pthread_barrier_destroy(&start);
    return 0;
}

int rbench_run(const struct rbench_job *job, struct rbench_result *result)
{
    struct caller *callers = calloc(job->threads, sizeof(*callers));
    int error = callers == NULL ? -ENOMEM : 0;
    memset(result, 0, sizeof(*result));
    for (unsigned number = 0; number < job->threads && error == 0; number++) {
        int directory = open_directory(job, number);
        callers[number] = (struct caller){.job = job, .number = number, .directory = directory};
        error = directory < 0 ? directory : 0;
    }
    if (error == 0) {
        error = run_callers(callers, job->threads);
    }
    uint64_t began = UINT64_MAX, ended = 0;
    for (unsigned number = 0; number < job->threads && error == 0; number++) {
        const struct caller *caller = &callers[number];
        add(result, caller);
        began = caller->began < began ? caller->began : began;
        ended = caller->ended > ended ? caller->ended : ended;
        error = caller->error;
    }
    result->nanoseconds = ended - began;
    // Directories are closed, and memory given back, by the end of the process, which does one run.
    return error;
}

// MARK: - What is to be there before

/// The size of the files that an operation needs to find; -1 where it needs none.
static int bytes_before(enum rbench_operation operation)
{
    switch (operation) {
    case RBENCH_STAT:
    case RBENCH_RENAME:
    case RBENCH_UNLINK:
    case RBENCH_READDIR: return 0;
    case RBENCH_READ_SMALL: return SMALL_BYTES;
    default: return -1;
    }
}

static int fill(int directory, unsigned files, int bytes)
{
    int error = 0;
    for (unsigned index = 0; index < files && error == 0; index++) {
        char name[NAME_BYTES];
        snprintf(name, sizeof(name), "file-%08u", index);
        error = make(directory, name, bytes);
    }
    return error;
}

int rbench_prepare(const struct rbench_job *job)
{
    int bytes = bytes_before(job->operation);
    int error = mkdir(job->directory, 0755) == 0 || errno == EEXIST ? 0 : -errno;
    for (unsigned number = 0; number < job->threads && error == 0; number++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%u", job->directory, number);
        if (mkdir(path, 0755) != 0) {
            return -errno;
        }
        int directory = open_directory(job, number);
        if (directory < 0) {
            return directory;
        }
        error = bytes < 0 ? 0 : fill(directory, job->files, bytes);
        close(directory);
    }
    return error;
}
