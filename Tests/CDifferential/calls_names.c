/// Calls that make, find and remove names.
#include "differential.h"

#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define CALL(name) static long call_##name(struct side *side, struct arguments *a, struct text *text)
#define UNUSED ((void)side, (void)a, (void)text)
#define MODE(i) ((mode_t)a->n[i])
#define FD(i) ((int)a->n[i])

CALL(open) { UNUSED; return done(open(a->s[0], (int)a->n[0] | O_CLOEXEC, MODE(1))); }
CALL(openat) { UNUSED; return done(openat(FD(0), a->s[0], (int)a->n[1] | O_CLOEXEC, MODE(2))); }
CALL(creat) { UNUSED; return done(creat(a->s[0], MODE(0))); }
CALL(openat2)
{
    UNUSED;
    struct open_how how = {.flags = (uint64_t)a->n[1], .mode = (uint64_t)a->n[2], .resolve = (uint64_t)a->n[3]};
    return done(syscall(SYS_openat2, FD(0), a->s[0], &how, sizeof how));
}
CALL(close) { UNUSED; return done(close(FD(0))); }
CALL(dup) { UNUSED; return done(fcntl(FD(0), F_DUPFD_CLOEXEC, 0)); }
CALL(mkdir) { UNUSED; return done(mkdir(a->s[0], MODE(0))); }
CALL(mkdirat) { UNUSED; return done(mkdirat(FD(0), a->s[0], MODE(1))); }
CALL(mknod) { UNUSED; return done(mknod(a->s[0], MODE(0), (dev_t)a->n[1])); }
CALL(mknodat) { UNUSED; return done(mknodat(FD(0), a->s[0], MODE(1), (dev_t)a->n[2])); }
CALL(rmdir) { UNUSED; return done(rmdir(a->s[0])); }
CALL(unlink) { UNUSED; return done(unlink(a->s[0])); }
CALL(unlinkat) { UNUSED; return done(unlinkat(FD(0), a->s[0], (int)a->n[1])); }
CALL(link) { UNUSED; return done(link(a->s[0], a->s[1])); }
CALL(linkat) { UNUSED; return done(linkat(FD(0), a->s[0], FD(1), a->s[1], (int)a->n[2])); }
CALL(symlink) { UNUSED; return done(symlink(a->s[0], a->s[1])); }
CALL(symlinkat) { UNUSED; return done(symlinkat(a->s[0], FD(0), a->s[1])); }
CALL(rename) { UNUSED; return done(rename(a->s[0], a->s[1])); }
CALL(renameat) { UNUSED; return done(renameat(FD(0), a->s[0], FD(1), a->s[1])); }
CALL(renameat2)
{
    UNUSED;
    return done(syscall(SYS_renameat2, FD(0), a->s[0], FD(1), a->s[1], (unsigned)a->n[2]));
}
CALL(chdir) { UNUSED; return done(chdir(a->s[0])); }

static long told(struct text *text, long length)
{
    if (length >= 0)
        emit_data(text, scratch, (size_t)length);
    return done(length);
}

CALL(readlink) { UNUSED; return told(text, readlink(a->s[0], (char *)scratch, (size_t)a->n[0])); }
CALL(readlinkat) { UNUSED; return told(text, readlinkat(FD(0), a->s[0], (char *)scratch, (size_t)a->n[1])); }

/// The names of a directory, all of them.
CALL(list)
{
    UNUSED;
    int directory = open(a->s[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return -errno;
    long result = emit_listing(text, directory);
    close(directory);
    return result;
}

/// The names of an open directory from where it stands.
CALL(getdents) { UNUSED; return emit_listing(text, FD(0)); }

/// What getdents64 fills in.
struct entry {
    uint64_t inode;
    int64_t cookie;
    uint16_t length;
    uint8_t type;
    char name[];
};

/// Hashes the names that come from a cookie on, in their order.
static uint64_t rest_of(int directory, int64_t cookie, int *count)
{
    char buffer[1024];
    uint64_t hash = 1;
    long length;
    *count = 0;
    lseek(directory, cookie, SEEK_SET);
    while ((length = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < length; at += ((struct entry *)(buffer + at))->length, ++*count) {
            const char *name = ((struct entry *)(buffer + at))->name;
            hash = hash_of((const unsigned char *)name, strlen(name), hash);
        }
    return hash;
}

/// Whether seeking to each cookie of a directory gives what came behind it.
CALL(seekdir)
{
    UNUSED;
    enum { MOST = 64 };
    static char buffer[32768];
    int64_t cookies[MOST];
    int count = 0, total, left;
    int directory = open(a->s[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return -errno;
    uint64_t whole = rest_of(directory, 0, &total);
    lseek(directory, 0, SEEK_SET);
    long length;
    while ((length = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < length; at += ((struct entry *)(buffer + at))->length)
            if (count < MOST)
                cookies[count++] = ((struct entry *)(buffer + at))->cookie;
    for (int i = 0; i < count; i++) {
        rest_of(directory, cookies[i], &left);
        if (left != total - i - 1)
            emit(text, "%d instead of %d behind entry %d ", left, total - i - 1, i);
    }
    emit(text, "%s", rest_of(directory, 0, &left) == whole ? "same after rewinding" : "other after rewinding");
    close(directory);
    return total;
}

const struct call name_calls[] = {
    {"open", "Spnn", call_open}, {"openat", "SDpnn", call_openat}, {"openat2", "SDpnnn", call_openat2},
    {"creat", "Spn", call_creat}, {"close", "C", call_close}, {"dup", "SF", call_dup}, {"mkdir", "pn", call_mkdir},
    {"mkdirat", "Dpn", call_mkdirat}, {"mknod", "pnn", call_mknod}, {"mknodat", "Dpnn", call_mknodat},
    {"rmdir", "p", call_rmdir}, {"unlink", "p", call_unlink}, {"unlinkat", "Dpn", call_unlinkat},
    {"link", "pp", call_link}, {"linkat", "DpDpn", call_linkat}, {"symlink", "pp", call_symlink},
    {"symlinkat", "pDp", call_symlinkat}, {"rename", "pp", call_rename}, {"renameat", "DpDp", call_renameat},
    {"renameat2", "DpDpn", call_renameat2}, {"chdir", "p", call_chdir}, {"readlink", "pn", call_readlink},
    {"readlinkat", "Dpn", call_readlinkat}, {"list", "p", call_list}, {"getdents", "F", call_getdents},
    {"seekdir", "p", call_seekdir}, {NULL, NULL, NULL},
};
