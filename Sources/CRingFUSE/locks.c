#include "locks.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

/// The lock as fcntl(2) takes it.
static int native(const struct rfuse_lock *lock, struct flock *native) {
    static const short kinds[] = { F_RDLCK, F_WRLCK, F_UNLCK };
    if (lock->kind > 2 || lock->start > INT64_MAX || lock->end > INT64_MAX || lock->end < lock->start) return -EINVAL;
    // The process of a lock that belongs to an open file must be 0.
    *native = (struct flock){
        .l_type = kinds[lock->kind],
        .l_whence = SEEK_SET,
        .l_start = (off_t)lock->start,
        .l_len = lock->end == INT64_MAX ? 0 : (off_t)(lock->end - lock->start + 1),
    };
    return 0;
}

long rfuse_set_lock(int fd, const struct rfuse_lock *lock) {
    struct flock wanted;
    int error = native(lock, &wanted);
    if (error) return error;
    if (fcntl(fd, F_OFD_SETLK, &wanted) == 0) return 0;
    return errno == EACCES ? -EAGAIN : -(long)errno;
}

long rfuse_get_lock(int fd, struct rfuse_lock *lock) {
    struct flock found;
    int error = native(lock, &found);
    if (error) return error;
    if (fcntl(fd, F_OFD_GETLK, &found) < 0) return -(long)errno;
    *lock = (struct rfuse_lock){
        .kind = found.l_type == F_RDLCK ? 0 : found.l_type == F_WRLCK ? 1 : 2,
        .process = found.l_pid,
        .start = (uint64_t)found.l_start,
        .end = found.l_len == 0 ? INT64_MAX : (uint64_t)(found.l_start + found.l_len - 1),
    };
    return 0;
}

long rfuse_set_file_lock(int fd, uint32_t kind) {
    static const int operations[] = { LOCK_SH, LOCK_EX, LOCK_UN };
    if (kind > 2) return -EINVAL;
    return flock(fd, operations[kind] | LOCK_NB) < 0 ? -(long)errno : 0;
}
