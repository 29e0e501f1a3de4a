#include "room.h"

#include <errno.h>
#include <linux/dqblk_xfs.h>
#include <linux/quota.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/// quotactl_fd(2), since Linux 5.14; the same number on all machines.
#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif

/// QCMD of sys/quota.h, which does not go with linux/quota.h.
enum { RFUSE_QUOTA_STATE = (int)((unsigned)Q_XGETQSTAT << SUBCMDSHIFT | USRQUOTA) };

long rfuse_room(int fd, uint64_t *bytes) {
    struct statvfs s;
    if (fstatvfs(fd, &s) < 0) return -(long)errno;
    *bytes = s.f_bfree == s.f_bavail ? UINT64_MAX : (uint64_t)s.f_bavail * s.f_frsize;
    return 0;
}

int rfuse_has_quotas(int fd) {
    struct fs_quota_stat state;
    if (syscall(SYS_quotactl_fd, fd, RFUSE_QUOTA_STATE, 0, &state) == 0) return 1;
    // ENOSYS: none is switched on, of any kind (`quota_getstate`), or there is nothing to switch on; EINVAL: it knows
    // none of users.
    return errno != ENOSYS && errno != EINVAL;
}

uint64_t rfuse_coarse_milliseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}
