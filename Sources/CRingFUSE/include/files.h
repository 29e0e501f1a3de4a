/// System calls on files that Swift cannot spell: variadic, newer than the C library, or hidden behind _GNU_SOURCE.
///
/// Each returns its result, or -errno. Those that may be interrupted before they have any effect are repeated.
/// A path "of a descriptor" is /proc/self/fd/N: it leads to the very file that an O_PATH descriptor stands for.
#ifndef CRINGFUSE_FILES_H
#define CRINGFUSE_FILES_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/// What statx tells, in types of fixed width.
struct rfuse_status {
    uint64_t inode;
    uint64_t device;
    /// The mount through which the file was reached; 0 before kernel 5.8.
    uint64_t mount;
    uint64_t size;
    uint64_t blocks;
    int64_t access_seconds;
    int64_t modification_seconds;
    int64_t change_seconds;
    uint32_t access_nanoseconds;
    uint32_t modification_nanoseconds;
    uint32_t change_nanoseconds;
    uint32_t mode;
    uint32_t links;
    uint32_t user;
    uint32_t group;
    /// The kernel's 32-bit encoding (new_encode_dev).
    uint32_t special_device;
    uint32_t block_size;
    int64_t birth_seconds;
    uint32_t birth_nanoseconds;
    /// Whether the file system keeps the time of birth.
    uint32_t has_birth;
};

/// What fstatvfs tells, in types of fixed width.
struct rfuse_statistics {
    uint64_t blocks;
    uint64_t free_blocks;
    uint64_t available_blocks;
    uint64_t nodes;
    uint64_t free_nodes;
    uint32_t fragment_size;
    uint32_t block_size;
    uint32_t longest_name;
};

/// One record of getdents64.
struct rfuse_directory_entry {
    uint64_t inode;
    /// Where the directory is read on after this record.
    int64_t next;
    /// DT_*.
    uint32_t type;
    /// Bytes from this record to the next one.
    uint32_t record_length;
    uint32_t name_length;
    /// Not NUL-terminated as far as the caller is concerned: name_length counts.
    const uint8_t *name;
};

// Reading and writing; an offset of UINT64_MAX stands for the file's position.
long rfuse_read(int fd, void *buffer, size_t count, uint64_t offset);
long rfuse_write(int fd, const void *buffer, size_t count, uint64_t offset);
/// The same as far as it can be done without waiting (RWF_NOWAIT). -EAGAIN where it can't, -EOPNOTSUPP where the file
/// system does not know how.
long rfuse_try_read(int fd, void *buffer, size_t count, uint64_t offset);
long rfuse_try_write(int fd, const void *buffer, size_t count, uint64_t offset);
long rfuse_sync(int fd, int data_only);
long rfuse_allocate(int fd, int mode, uint64_t offset, uint64_t length);
/// Never repeated: after EINTR the descriptor is gone all the same.
long rfuse_close(int fd);
long rfuse_duplicate(int fd);
long rfuse_seek(int fd, uint64_t offset, int whence);
long rfuse_copy(int from, uint64_t from_offset, int to, uint64_t to_offset, size_t count);
long rfuse_statx(int directory, const char *path, int flags, unsigned mask, void *result);
long rfuse_open(int directory, const char *path, int flags, unsigned mode);
/// The same where the kernel has the whole way in its cache (RESOLVE_CACHED). -EAGAIN where it has not, -EINVAL where it does
/// not know how.
long rfuse_try_open(int directory, const char *path, int flags);

// Descriptors that stand for a file without opening it (O_PATH).
long rfuse_open_directory_path(const char *path);
/// One component of a path, not followed where it is a symbolic link; EXDEV for a mount point unless crossing.
long rfuse_open_component(int directory, const char *name, int crossing);
/// Opens the file that a descriptor stands for once more.
long rfuse_reopen(int fd, int flags);
/// The flags of open(2) that make sense when a file is opened once more; O_DIRECT is on its own.
extern const int rfuse_reopening_flags;
extern const int rfuse_direct_flag;
extern const int rfuse_sync_mask;
/// The bits of those flags that say how a file is accessed (O_ACCMODE).
extern const int rfuse_access_mask;
/// Another O_PATH descriptor of an open file.
long rfuse_path_descriptor(int fd);
long rfuse_status(int fd, struct rfuse_status *status);
/// Whether a device, as rfuse_status tells it, is none of blocks, but stands for a file system without one.
int rfuse_device_is_anonymous(uint64_t device);
long rfuse_statistics(int fd, struct rfuse_statistics *statistics);
/// The magic number of the file system (f_type).
long rfuse_file_system_type(int fd);
/// Not of an O_PATH descriptor.
long rfuse_sync_file_system(int fd);
long rfuse_read_link(int fd, char *buffer, size_t count);
long rfuse_access(int fd, int mode);
long rfuse_change_mode(int fd, unsigned mode);
/// UINT32_MAX leaves a value as it is.
long rfuse_change_owner(int fd, uint32_t user, uint32_t group);
/// Of an O_PATH descriptor.
long rfuse_truncate_path(int fd, uint64_t size);
/// Of a descriptor open for writing.
long rfuse_truncate(int fd, uint64_t size);
/// Nanoseconds may be rfuse_time_now or rfuse_time_omit.
long rfuse_change_times(int fd, int64_t access, long access_ns, int64_t modification, long modification_ns);
extern const long rfuse_time_now;
extern const long rfuse_time_omit;

// Names in a directory.
long rfuse_create(int directory, const char *name, int flags, unsigned mode);
/// A file without a name in a directory (O_TMPFILE); flags must allow writing.
long rfuse_create_unnamed(int directory, int flags, unsigned mode);
long rfuse_make_directory(int directory, const char *name, unsigned mode);
/// The device in the kernel's 32-bit encoding.
long rfuse_make_node(int directory, const char *name, unsigned mode, uint32_t device);
long rfuse_make_symbolic_link(int directory, const char *name, const char *target);
long rfuse_link(int fd, int directory, const char *name);
long rfuse_remove(int directory, const char *name, int is_directory);
/// Flags of unlinkat.
long rfuse_unlink(int directory, const char *name, int flags);
long rfuse_rename(int from, const char *name, int to, const char *new_name, unsigned flags);

// Flags and attributes of a file system's own: ioctls that work on any of them, and the sizes that the kernel copies.
long rfuse_control(int fd, unsigned command, void *argument);
/// FS_IOC_GETFLAGS and FS_IOC_SETFLAGS: an int, although their numbers say long.
extern const unsigned rfuse_get_flags;
extern const unsigned rfuse_set_flags;
/// FS_IOC_FSGETXATTR and FS_IOC_FSSETXATTR: struct fsxattr, 28 bytes.
extern const unsigned rfuse_get_attributes;
extern const unsigned rfuse_set_attributes;
/// FS_IOC_GETVERSION: an int, although its number says long.
extern const unsigned rfuse_get_version;
/// FS_JOURNAL_DATA_FL.
extern const unsigned rfuse_journal_flag;

// Directories.
long rfuse_read_directory(int fd, void *buffer, size_t count);
/// Decodes the record at the start of what getdents64 wrote; 0, or -EIO for one that reaches beyond count.
long rfuse_decode_entry(const void *buffer, size_t count, struct rfuse_directory_entry *entry);

// Extended attributes of what a descriptor stands for, symbolic links included.
long rfuse_get_attribute(int fd, const char *name, void *value, size_t count);
long rfuse_set_attribute(int fd, const char *name, const void *value, size_t count, int condition);
long rfuse_list_attributes(int fd, void *names, size_t count);
long rfuse_remove_attribute(int fd, const char *name);

/// Raises the soft limit of open files to the hard one, at most to maximum; returns the soft limit in force.
long rfuse_raise_file_limit(uint64_t maximum);
/// Starts a thread that blocks all signals and runs wherever the process may, however its creator is pinned.
/// The first 15 bytes of its name are kept.
long rfuse_start_thread(pthread_t *thread, void *(*body)(void *), void *argument, const char *name);

#endif
