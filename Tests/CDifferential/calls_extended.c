/// Calls on extended attributes, ACLs and locks.
#include "differential.h"

#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>

#define CALL(name) static long call_##name(struct side *side, struct arguments *a, struct text *text)
#define UNUSED ((void)side, (void)a, (void)text)
#define FD(i) ((int)a->n[i])
#define SIZE(i) ((size_t)(a->n[i] > DATA_SIZE ? DATA_SIZE : a->n[i]))

CALL(setxattr) { UNUSED; return done(setxattr(a->s[0], a->s[1], a->data, a->length, (int)a->n[0])); }
CALL(lsetxattr) { UNUSED; return done(lsetxattr(a->s[0], a->s[1], a->data, a->length, (int)a->n[0])); }
CALL(fsetxattr) { UNUSED; return done(fsetxattr(FD(0), a->s[0], a->data, a->length, (int)a->n[1])); }
CALL(removexattr) { UNUSED; return done(removexattr(a->s[0], a->s[1])); }
CALL(lremovexattr) { UNUSED; return done(lremovexattr(a->s[0], a->s[1])); }
CALL(fremovexattr) { UNUSED; return done(fremovexattr(FD(0), a->s[0])); }

/// A value; with size 0 only its size is asked for.
static long value(struct text *text, long length, int64_t size)
{
    if (length >= 0 && size > 0)
        emit_data(text, scratch, (size_t)length);
    return done(length);
}

CALL(getxattr) { UNUSED; return value(text, getxattr(a->s[0], a->s[1], scratch, SIZE(0)), a->n[0]); }
CALL(lgetxattr) { UNUSED; return value(text, lgetxattr(a->s[0], a->s[1], scratch, SIZE(0)), a->n[0]); }
CALL(fgetxattr) { UNUSED; return value(text, fgetxattr(FD(0), a->s[0], scratch, SIZE(1)), a->n[1]); }

/// Names, in any order: their number and a hash that does not depend on it.
static long names(struct text *text, long length, int64_t size)
{
    uint64_t sum = 0;
    int count = 0;
    for (long at = 0; size > 0 && at < length; count++) {
        size_t one = strlen((char *)scratch + at);
        sum += hash_of(scratch + at, one, 7);
        at += (long)one + 1;
    }
    emit(text, "%d names %016llx", count, (unsigned long long)sum);
    return done(length);
}

CALL(listxattr) { UNUSED; return names(text, listxattr(a->s[0], (char *)scratch, SIZE(0)), a->n[0]); }
CALL(llistxattr) { UNUSED; return names(text, llistxattr(a->s[0], (char *)scratch, SIZE(0)), a->n[0]); }
CALL(flistxattr) { UNUSED; return names(text, flistxattr(FD(0), (char *)scratch, SIZE(1)), a->n[1]); }

/// An entry of an ACL as the kernel takes it.
struct acl_entry {
    uint16_t tag;
    uint16_t permissions;
    uint32_t id;
};

/// Reads `u:7,u1001:4,g:5,g2000:2,m:7,o:0`, in the kernel's order.
static size_t acl_of(const char *words, unsigned char *out)
{
    uint32_t version = 2;
    size_t length = sizeof version;
    memcpy(out, &version, sizeof version);
    while (*words) {
        char kind = *words++;
        unsigned id = ~0u, permissions = 0;
        int used = 0;
        int named = sscanf(words, "%u%n", &id, &used) == 1;
        words += used;
        if (sscanf(words, ":%1o%n", &permissions, &used) == 1)
            words += used;
        uint16_t tag = kind == 'u'   ? (named ? 0x02 : 0x01)
                       : kind == 'g' ? (named ? 0x08 : 0x04)
                       : kind == 'm' ? 0x10
                                     : 0x20;
        struct acl_entry entry = {tag, (uint16_t)permissions, id};
        memcpy(out + length, &entry, sizeof entry);
        length += sizeof entry;
        if (*words == ',')
            words++;
        else
            break;
    }
    return length;
}

/// Sets an ACL: the path, `access` or `default`, the entries.
CALL(setacl)
{
    UNUSED;
    char name[64];
    snprintf(name, sizeof name, "system.posix_acl_%.20s", a->s[1]);
    return done(setxattr(a->s[0], name, scratch, acl_of(a->s[2], scratch), 0));
}

/// A lock of a process (or with the OFD commands, of an open file): command, type, whence, start, length.
CALL(lock)
{
    UNUSED;
    struct flock lock = {.l_type = (short)a->n[2], .l_whence = (short)a->n[3], .l_start = a->n[4], .l_len = a->n[5]};
    long result = done(fcntl(FD(0), (int)a->n[1], &lock));
    if (result == 0 && (a->n[1] == F_GETLK || a->n[1] == F_OFD_GETLK)) {
        emit(text, "type=%d", lock.l_type);
        if (lock.l_type != F_UNLCK)
            emit(text, " whence=%d start=%lld length=%lld pid %s", lock.l_whence, (long long)lock.l_start,
                 (long long)lock.l_len, lock.l_pid == getpid() ? "own" : lock.l_pid == getppid() ? "parent"
                                                                     : lock.l_pid < 0            ? "none"
                                                                                                 : "other");
    }
    return result;
}
CALL(flock) { UNUSED; return done(flock(FD(0), (int)a->n[1])); }

const struct call extended_calls[] = {
    {"setxattr", "ppbn", call_setxattr}, {"lsetxattr", "ppbn", call_lsetxattr}, {"fsetxattr", "Fpbn", call_fsetxattr},
    {"getxattr", "ppn", call_getxattr}, {"lgetxattr", "ppn", call_lgetxattr}, {"fgetxattr", "Fpn", call_fgetxattr},
    {"listxattr", "pn", call_listxattr}, {"llistxattr", "pn", call_llistxattr}, {"flistxattr", "Fn", call_flistxattr},
    {"removexattr", "pp", call_removexattr}, {"lremovexattr", "pp", call_lremovexattr},
    {"fremovexattr", "Fp", call_fremovexattr}, {"setacl", "ppp", call_setacl}, {"lock", "Fnnnnn", call_lock},
    {"flock", "Fn", call_flock}, {NULL, NULL, NULL},
};
