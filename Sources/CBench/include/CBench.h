/// What the benchmarks need from C: a driver that works on many files at once, and a counter of system calls.
#ifndef CBENCH_H
#define CBENCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// MARK: - Many files

/// What is done with each file.
enum rbench_operation {
    /// Makes an empty file.
    RBENCH_CREATE = 0,
    /// Asks for the attributes, past what the kernel believes of them (AT_STATX_FORCE_SYNC).
    RBENCH_STAT = 1,
    /// Looks up a name that is not there.
    RBENCH_LOOKUP = 2,
    /// Gives it another name in its directory.
    RBENCH_RENAME = 3,
    /// Removes it.
    RBENCH_UNLINK = 4,
    /// Reads the names of all files of the directory; an operation is an entry.
    RBENCH_READDIR = 5,
    /// Makes a file with 4 KiB in it.
    RBENCH_WRITE_SMALL = 6,
    /// Opens a file, drops what is cached of it, and reads its 4 KiB.
    RBENCH_READ_SMALL = 7,
};

/// Buckets of a histogram: 16 for each power of two of nanoseconds.
#define RBENCH_BUCKETS 1024

/// One run.
struct rbench_job {
    /// The directory, which prepare makes where it is missing; each thread has one of its own in it, `0`, `1`…
    const char *directory;
    enum rbench_operation operation;
    /// Threads at the same time; at least 1.
    unsigned threads;
    /// Files of each thread.
    unsigned files;
    /// The CPUs of the threads, in turn; threads run anywhere where there are none.
    const uint32_t *cpus;
    unsigned cpu_count;
};

/// What a run gave.
struct rbench_result {
    /// Operations of all threads.
    uint64_t operations;
    /// From the start of the first to the end of the last.
    uint64_t nanoseconds;
    /// The sum of the times of all operations.
    uint64_t total_latency;
    /// How many operations took how long; see rbench_bucket_nanoseconds().
    uint64_t histogram[RBENCH_BUCKETS];
};

/// Makes what an operation needs to find: the directories, and the files that it reads, renames or removes. Returns 0 or
/// -errno.
int rbench_prepare(const struct rbench_job *job);

/// Does it, and measures. Returns 0, or -errno of the first operation that failed.
int rbench_run(const struct rbench_job *job, struct rbench_result *result);

/// The nanoseconds in the middle of a bucket.
double rbench_bucket_nanoseconds(unsigned bucket);

// MARK: - Processes

/// Tells how a child has ended, without taking that from whoever waits for it: its exit code, or 128 and the signal. -1
/// while it runs.
int rbench_ending(pid_t child);

/// Has fusermount3 detach a mount, and waits for that. Returns 0, or -errno where it cannot be started.
int rbench_run_unmount_helper(const char *helper, const char *mount_point);

/// Opens a counter of a tracepoint, for a thread and those that it starts from then on. Returns a descriptor, which
/// gives a number of 64 bits when it is read; or -errno: -EACCES or -EPERM without CAP_PERFMON.
int rbench_count(pid_t thread, uint64_t tracepoint);

// MARK: - Memory

/// Touches memory, in huge pages where there are any, and gives it back to the kernel. Returns 0 or -errno.
int rbench_touch(size_t bytes);

#endif
