/// Calls on attributes: modes, owners, times, and what is told of them.
#include "differential.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

#define CALL(name) static long call_##name(struct side *side, struct arguments *a, struct text *text)
#define UNUSED ((void)side, (void)a, (void)text)
#define FD(i) ((int)a->n[i])
#define MODE(i) ((mode_t)a->n[i])
#define ID(i) ((uid_t)a->n[i])

CALL(chmod) { UNUSED; return done(chmod(a->s[0], MODE(0))); }
CALL(fchmod) { UNUSED; return done(fchmod(FD(0), MODE(1))); }
CALL(fchmodat2) { UNUSED; return done(syscall(SYS_fchmodat2, FD(0), a->s[0], MODE(1), (int)a->n[2])); }
CALL(chown) { UNUSED; return done(chown(a->s[0], ID(0), ID(1))); }
CALL(lchown) { UNUSED; return done(lchown(a->s[0], ID(0), ID(1))); }
CALL(fchown) { UNUSED; return done(fchown(FD(0), ID(1), ID(2))); }
CALL(fchownat) { UNUSED; return done(fchownat(FD(0), a->s[0], ID(1), ID(2), (int)a->n[3])); }
CALL(access) { UNUSED; return done(access(a->s[0], (int)a->n[0])); }
CALL(faccessat2) { UNUSED; return done(syscall(SYS_faccessat2, FD(0), a->s[0], (int)a->n[1], (int)a->n[2])); }
CALL(umask) { UNUSED; side->mask = MODE(0); return 0; }

static struct timespec time_of(int64_t value)
{
    if (value == TIME_NOW)
        return (struct timespec){0, UTIME_NOW};
    if (value == TIME_OMIT)
        return (struct timespec){0, UTIME_OMIT};
    if (value == TIME_BAD)
        return (struct timespec){0, 1000000000};
    return (struct timespec){value / 1000000000, value % 1000000000};
}

CALL(utimensat)
{
    UNUSED;
    struct timespec times[2] = {time_of(a->n[1]), time_of(a->n[2])};
    return done(utimensat(FD(0), a->s[0], times, (int)a->n[3]));
}
CALL(futimens)
{
    UNUSED;
    struct timespec times[2] = {time_of(a->n[1]), time_of(a->n[2])};
    return done(futimens(FD(0), times));
}
CALL(utimesnull) { UNUSED; return done(utimensat(AT_FDCWD, a->s[0], NULL, 0)); }

/// What is told of a file; a directory's size is its file system's own affair.
static void emit_status(struct text *text, const struct stat *status)
{
    emit(text, "mode=%o uid=%u gid=%u nlink=%lu", status->st_mode, status->st_uid, status->st_gid,
         (unsigned long)status->st_nlink);
    if (!S_ISDIR(status->st_mode))
        emit(text, " size=%lld", (long long)status->st_size);
    if (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode))
        emit(text, " rdev=%#lx", (unsigned long)status->st_rdev);
}

static long told(struct text *text, long result, const struct stat *status)
{
    if (result < 0)
        return -errno;
    emit_status(text, status);
    return result;
}

CALL(stat) { UNUSED; struct stat status; return told(text, stat(a->s[0], &status), &status); }
CALL(lstat) { UNUSED; struct stat status; return told(text, lstat(a->s[0], &status), &status); }
CALL(fstat) { UNUSED; struct stat status; return told(text, fstat(FD(0), &status), &status); }
CALL(fstatat) { UNUSED; struct stat s; return told(text, fstatat(FD(0), a->s[0], &s, (int)a->n[1]), &s); }
/// The times themselves, to be asked only where a script has set them.
CALL(times)
{
    UNUSED;
    struct stat s;
    if (lstat(a->s[0], &s) < 0)
        return -errno;
    emit(text, "atime=%lld.%09ld mtime=%lld.%09ld", (long long)s.st_atim.tv_sec, s.st_atim.tv_nsec,
         (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
    return 0;
}
CALL(statx)
{
    UNUSED;
    struct statx status;
    if (statx(FD(0), a->s[0], (int)a->n[1], (unsigned)a->n[2], &status) < 0)
        return -errno;
    emit(text, "mode=%o uid=%u gid=%u nlink=%u", status.stx_mode, status.stx_uid, status.stx_gid, status.stx_nlink);
    if (!S_ISDIR(status.stx_mode))
        emit(text, " size=%llu", (unsigned long long)status.stx_size);
    return 0;
}
CALL(statfs)
{
    UNUSED;
    struct statfs status;
    if (statfs(a->s[0], &status) < 0)
        return -errno;
    emit(text, "namelen=%ld blocks %s", (long)status.f_namelen, status.f_blocks ? "some" : "none");
    return 0;
}
CALL(fstatfs) { UNUSED; struct statfs status; return done(fstatfs(FD(0), &status)); }

/// Flags that file systems set by themselves: how content and directories are stored.
enum { OWN_FLAGS = FS_EXTENT_FL | FS_INDEX_FL };

CALL(getflags)
{
    UNUSED;
    int flags = 0;
    long result = done(ioctl(FD(0), FS_IOC_GETFLAGS, &flags));
    emit(text, "%#x", (unsigned)flags & ~OWN_FLAGS);
    return result;
}
/// Sets flags as chattr(1) does: those that the file system sets by itself stay.
CALL(setflags)
{
    UNUSED;
    int flags = 0;
    if (ioctl(FD(0), FS_IOC_GETFLAGS, &flags) < 0)
        return -errno;
    flags = (flags & OWN_FLAGS) | (int)a->n[1];
    return done(ioctl(FD(0), FS_IOC_SETFLAGS, &flags));
}
CALL(ioctl)
{
    UNUSED;
    long result = done(ioctl(FD(0), (unsigned long)a->n[1], scratch));
    if (result == 0 && a->n[1] == FIONREAD)
        emit(text, "%d", *(int *)scratch);
    return result;
}
CALL(fcntl) { UNUSED; return done(fcntl(FD(0), (int)a->n[1], a->n[2])); }

const struct call attribute_calls[] = {
    {"chmod", "pn", call_chmod}, {"fchmod", "Fn", call_fchmod}, {"fchmodat2", "Dpnn", call_fchmodat2},
    {"chown", "pnn", call_chown}, {"lchown", "pnn", call_lchown}, {"fchown", "Fnn", call_fchown},
    {"fchownat", "Dpnnn", call_fchownat}, {"access", "pn", call_access}, {"faccessat2", "Dpnn", call_faccessat2},
    {"umask", "n", call_umask}, {"utimensat", "Dpnnn", call_utimensat}, {"futimens", "Fnn", call_futimens},
    {"utimesnull", "p", call_utimesnull}, {"stat", "p", call_stat}, {"lstat", "p", call_lstat},
    {"fstat", "F", call_fstat},
    {"fstatat", "Dpn", call_fstatat}, {"times", "p", call_times}, {"statx", "Dpnn", call_statx},
    {"statfs", "p", call_statfs},
    {"fstatfs", "F", call_fstatfs}, {"getflags", "F", call_getflags}, {"setflags", "Fn", call_setflags},
    {"ioctl", "Fn", call_ioctl}, {"fcntl", "Fnn", call_fcntl}, {NULL, NULL, NULL},
};
