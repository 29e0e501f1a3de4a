#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

const int rfuse_reopening_flags = O_ACCMODE | O_APPEND | O_TRUNC | O_SYNC | O_DSYNC | O_NOATIME;
const int rfuse_direct_flag = O_DIRECT;
const int rfuse_sync_mask = O_SYNC | O_DSYNC;
const int rfuse_access_mask = O_ACCMODE;
const unsigned rfuse_get_flags = FS_IOC_GETFLAGS;
const unsigned rfuse_set_flags = FS_IOC_SETFLAGS;
const unsigned rfuse_get_attributes = FS_IOC_FSGETXATTR;
const unsigned rfuse_set_attributes = FS_IOC_FSSETXATTR;
const unsigned rfuse_get_version = FS_IOC_GETVERSION;
const unsigned rfuse_journal_flag = FS_JOURNAL_DATA_FL;
const long rfuse_time_now = UTIME_NOW;
const long rfuse_time_omit = UTIME_OMIT;

/// Turns the C library's way to report errors into ours.
static long result(long value) { return value < 0 ? -(long)errno : value; }

/// Repeats a call that was interrupted, and turns its error into ours.
#define RETRIED(call)                                   \
    ({                                                  \
        long value_;                                    \
        do { value_ = (call); } while (value_ < 0 && errno == EINTR); \
        result(value_);                                 \
    })

/// Room for /proc/self/fd/ and a number.
#define PROC_PATH_SIZE 32

/// Writes the path of a descriptor.
static const char *proc_path(char path[PROC_PATH_SIZE], int fd) {
    snprintf(path, PROC_PATH_SIZE, "/proc/self/fd/%d", fd);
    return path;
}

long rfuse_read(int fd, void *buffer, size_t count, uint64_t offset) {
    if (offset == UINT64_MAX) return RETRIED(read(fd, buffer, count));
    if (offset > INT64_MAX) return -EINVAL;
    return RETRIED(pread(fd, buffer, count, (off_t)offset));
}

long rfuse_write(int fd, const void *buffer, size_t count, uint64_t offset) {
    if (offset == UINT64_MAX) return RETRIED(write(fd, buffer, count));
    if (offset > INT64_MAX) return -EINVAL;
    return RETRIED(pwrite(fd, buffer, count, (off_t)offset));
}

long rfuse_try_read(int fd, void *buffer, size_t count, uint64_t offset) {
    struct iovec data = { .iov_base = buffer, .iov_len = count };
    if (offset > INT64_MAX) return -EINVAL;
    return RETRIED(preadv2(fd, &data, 1, (off_t)offset, RWF_NOWAIT));
}

long rfuse_try_write(int fd, const void *buffer, size_t count, uint64_t offset) {
    struct iovec data = { .iov_base = (void *)buffer, .iov_len = count };
    if (offset > INT64_MAX) return -EINVAL;
    return RETRIED(pwritev2(fd, &data, 1, (off_t)offset, RWF_NOWAIT));
}

long rfuse_sync(int fd, int data_only) { return data_only ? RETRIED(fdatasync(fd)) : RETRIED(fsync(fd)); }

long rfuse_allocate(int fd, int mode, uint64_t offset, uint64_t length) {
    if (offset > INT64_MAX || length > INT64_MAX) return -EINVAL;
    return RETRIED(fallocate(fd, mode, (off_t)offset, (off_t)length));
}

long rfuse_close(int fd) { return result(close(fd)); }

long rfuse_duplicate(int fd) { return result(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

long rfuse_seek(int fd, uint64_t offset, int whence) {
    // A negative offset of lseek(2): no data and no hole is there.
    if (offset > INT64_MAX) return -ENXIO;
    return result(lseek(fd, (off_t)offset, whence));
}

long rfuse_copy(int from, uint64_t from_offset, int to, uint64_t to_offset, size_t count) {
    if (from_offset > INT64_MAX || to_offset > INT64_MAX) return -EINVAL;
    off64_t source = (off64_t)from_offset, target = (off64_t)to_offset;
    return RETRIED(copy_file_range(from, &source, to, &target, count, 0));
}

long rfuse_statx(int directory, const char *path, int flags, unsigned mask, void *buffer) {
    return RETRIED(statx(directory, path, flags, mask, buffer));
}

long rfuse_open(int directory, const char *path, int flags, unsigned mode) {
    return RETRIED(openat(directory, path, flags | O_CLOEXEC, (mode_t)mode));
}

long rfuse_try_open(int directory, const char *path, int flags) {
    // The C library has no openat2 (kernel 5.6); RESOLVE_CACHED came with 5.12.
    struct open_how how = { .flags = (unsigned)flags | O_CLOEXEC, .resolve = RESOLVE_CACHED };
    return result(syscall(SYS_openat2, directory, path, &how, sizeof how));
}

long rfuse_open_directory_path(const char *path) { return result(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)); }

long rfuse_open_component(int directory, const char *name, int crossing) {
    if (crossing) return result(openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    // The C library has no openat2 (kernel 5.6), which alone can refuse to enter a mount.
    struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_NO_XDEV | RESOLVE_BENEATH };
    long value;
    // EAGAIN says that something was renamed or mounted meanwhile, so the kernel cannot tell.
    int attempts = 0;
    do value = result(syscall(SYS_openat2, directory, name, &how, sizeof how));
    while (value == -EAGAIN && ++attempts < 16);
    return value;
}

long rfuse_reopen(int fd, int flags) {
    char path[PROC_PATH_SIZE];
    return RETRIED(open(proc_path(path, fd), (flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW)) | O_CLOEXEC));
}

long rfuse_path_descriptor(int fd) {
    char path[PROC_PATH_SIZE];
    return result(open(proc_path(path, fd), O_PATH | O_CLOEXEC));
}

long rfuse_status(int fd, struct rfuse_status *status) {
    struct statx s;
    unsigned mask = STATX_BASIC_STATS | STATX_BTIME;
#ifdef STATX_MNT_ID
    mask |= STATX_MNT_ID;
#endif
    if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, mask, &s) < 0) return -(long)errno;
    *status = (struct rfuse_status){
        .inode = s.stx_ino,
        .device = makedev(s.stx_dev_major, s.stx_dev_minor),
        .size = s.stx_size,
        .blocks = s.stx_blocks,
        .access_seconds = s.stx_atime.tv_sec,
        .modification_seconds = s.stx_mtime.tv_sec,
        .change_seconds = s.stx_ctime.tv_sec,
        .access_nanoseconds = s.stx_atime.tv_nsec,
        .modification_nanoseconds = s.stx_mtime.tv_nsec,
        .change_nanoseconds = s.stx_ctime.tv_nsec,
        .mode = s.stx_mode,
        .links = s.stx_nlink,
        .user = s.stx_uid,
        .group = s.stx_gid,
        .special_device = (s.stx_rdev_minor & 0xff) | (s.stx_rdev_major << 8) | ((s.stx_rdev_minor & ~0xffu) << 12),
        .block_size = s.stx_blksize,
        .birth_seconds = s.stx_btime.tv_sec,
        .birth_nanoseconds = s.stx_btime.tv_nsec,
        .has_birth = (s.stx_mask & STATX_BTIME) != 0,
    };
#ifdef STATX_MNT_ID
    if (s.stx_mask & STATX_MNT_ID) status->mount = s.stx_mnt_id;
#endif
    return 0;
}

int rfuse_device_is_anonymous(uint64_t device) { return major(device) == 0; }

long rfuse_statistics(int fd, struct rfuse_statistics *statistics) {
    struct statvfs s;
    if (fstatvfs(fd, &s) < 0) return -(long)errno;
    *statistics = (struct rfuse_statistics){
        .blocks = s.f_blocks,
        .free_blocks = s.f_bfree,
        .available_blocks = s.f_bavail,
        .nodes = s.f_files,
        .free_nodes = s.f_ffree,
        .fragment_size = (uint32_t)s.f_frsize,
        .block_size = (uint32_t)s.f_bsize,
        .longest_name = (uint32_t)s.f_namemax,
    };
    return 0;
}

long rfuse_file_system_type(int fd) {
    struct statfs s;
    return fstatfs(fd, &s) < 0 ? -(long)errno : (long)(uint32_t)s.f_type;
}

long rfuse_sync_file_system(int fd) { return RETRIED(syncfs(fd)); }

long rfuse_control(int fd, unsigned command, void *argument) { return result(ioctl(fd, command, argument)); }

long rfuse_read_link(int fd, char *buffer, size_t count) {
    // Of an O_PATH descriptor of something else than a symbolic link, the kernel says ENOENT instead of EINVAL.
    long value = result(readlinkat(fd, "", buffer, count));
    return value == -ENOENT ? -EINVAL : value;
}

long rfuse_access(int fd, int mode) {
    char path[PROC_PATH_SIZE];
    // The file-system user, not the real one. Only faccessat2 (kernel 5.8) asks the kernel; the C library falls back.
    return result(faccessat(AT_FDCWD, proc_path(path, fd), mode, AT_EACCESS));
}

long rfuse_change_mode(int fd, unsigned mode) {
    char path[PROC_PATH_SIZE];
    return result(chmod(proc_path(path, fd), (mode_t)mode));
}

long rfuse_change_owner(int fd, uint32_t user, uint32_t group) {
    return result(fchownat(fd, "", user, group, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
}

long rfuse_truncate_path(int fd, uint64_t size) {
    char path[PROC_PATH_SIZE];
    if (size > INT64_MAX) return -EFBIG;
    return RETRIED(truncate(proc_path(path, fd), (off_t)size));
}

long rfuse_truncate(int fd, uint64_t size) {
    if (size > INT64_MAX) return -EFBIG;
    return RETRIED(ftruncate(fd, (off_t)size));
}

long rfuse_change_times(int fd, int64_t access, long access_ns, int64_t modification, long modification_ns) {
    char path[PROC_PATH_SIZE];
    struct timespec times[2] = {
        { .tv_sec = access, .tv_nsec = access_ns },
        { .tv_sec = modification, .tv_nsec = modification_ns },
    };
    return result(utimensat(AT_FDCWD, proc_path(path, fd), times, 0));
}

long rfuse_create(int directory, const char *name, int flags, unsigned mode) {
    return RETRIED(openat(directory, name, flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode));
}

long rfuse_create_unnamed(int directory, int flags, unsigned mode) {
    return RETRIED(openat(directory, ".", flags | O_TMPFILE | O_CLOEXEC, (mode_t)mode));
}

long rfuse_make_directory(int directory, const char *name, unsigned mode) {
    return result(mkdirat(directory, name, (mode_t)mode));
}

long rfuse_make_node(int directory, const char *name, unsigned mode, uint32_t device) {
    dev_t number = makedev((device & 0xfff00) >> 8, (device & 0xff) | ((device >> 12) & 0xfff00));
    return result(mknodat(directory, name, (mode_t)mode, number));
}

long rfuse_make_symbolic_link(int directory, const char *name, const char *target) {
    return result(symlinkat(target, directory, name));
}

long rfuse_link(int fd, int directory, const char *name) {
    // AT_EMPTY_PATH would need CAP_DAC_READ_SEARCH.
    char path[PROC_PATH_SIZE];
    return result(linkat(AT_FDCWD, proc_path(path, fd), directory, name, AT_SYMLINK_FOLLOW));
}

long rfuse_remove(int directory, const char *name, int is_directory) {
    return result(unlinkat(directory, name, is_directory ? AT_REMOVEDIR : 0));
}

long rfuse_unlink(int directory, const char *name, int flags) {
    return result(unlinkat(directory, name, flags));
}

long rfuse_rename(int from, const char *name, int to, const char *new_name, unsigned flags) {
    return result(renameat2(from, name, to, new_name, flags));
}

/// The record of getdents64, of which the C library declares none.
struct record {
    uint64_t inode;
    int64_t next;
    uint16_t length;
    uint8_t type;
    uint8_t name[];
};

long rfuse_read_directory(int fd, void *buffer, size_t count) {
    return result(syscall(SYS_getdents64, fd, buffer, count));
}

long rfuse_decode_entry(const void *buffer, size_t count, struct rfuse_directory_entry *entry) {
    const struct record *record = buffer;
    size_t header = offsetof(struct record, name);
    if (count < header || record->length <= header || record->length > count) return -EIO;
    *entry = (struct rfuse_directory_entry){
        .inode = record->inode,
        .next = record->next,
        .type = record->type,
        .record_length = record->length,
        .name_length = (uint32_t)strnlen((const char *)record->name, record->length - header),
        .name = record->name,
    };
    return 0;
}

long rfuse_get_attribute(int fd, const char *name, void *value, size_t count) {
    char path[PROC_PATH_SIZE];
    return result(getxattr(proc_path(path, fd), name, value, count));
}

long rfuse_set_attribute(int fd, const char *name, const void *value, size_t count, int condition) {
    char path[PROC_PATH_SIZE];
    return result(setxattr(proc_path(path, fd), name, value, count, condition));
}

long rfuse_list_attributes(int fd, void *names, size_t count) {
    char path[PROC_PATH_SIZE];
    return result(listxattr(proc_path(path, fd), names, count));
}

long rfuse_remove_attribute(int fd, const char *name) {
    char path[PROC_PATH_SIZE];
    return result(removexattr(proc_path(path, fd), name));
}

long rfuse_raise_file_limit(uint64_t maximum) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -(long)errno;
    rlim_t wanted = limit.rlim_max == RLIM_INFINITY || limit.rlim_max > maximum ? maximum : limit.rlim_max;
    if (limit.rlim_cur < wanted) {
        struct rlimit raised = { .rlim_cur = wanted, .rlim_max = limit.rlim_max };
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    return limit.rlim_cur > (rlim_t)LONG_MAX ? LONG_MAX : (long)limit.rlim_cur;
}

long rfuse_start_thread(pthread_t *thread, void *(*body)(void *), void *argument, const char *name) {
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error) return -error;
    // The main thread's CPUs: a pinned worker's would crowd all threads that it starts onto its own CPU.
    cpu_set_t cpus;
    if (sched_getaffinity(getpid(), sizeof cpus, &cpus) == 0)
        pthread_attr_setaffinity_np(&attributes, sizeof cpus, &cpus);
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(thread, &attributes, body, argument);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    // A longer name would be refused as a whole.
    char kept[16] = {0};
    strncpy(kept, name, sizeof kept - 1);
    if (!error) pthread_setname_np(*thread, kept);
    return -error;
}
