#include "differential.h"

#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>

// Newer than Debian 12's headers.
#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif
#ifndef RWF_ATOMIC
#define RWF_ATOMIC 0x40
#endif
#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x80
#endif

#define NAMED(constant) {#constant, constant}

/// What lines can say instead of numbers.
static const struct {
    const char *name;
    int64_t value;
} constants[] = {
    NAMED(O_RDONLY), NAMED(O_WRONLY), NAMED(O_RDWR), NAMED(O_CREAT), NAMED(O_EXCL), NAMED(O_TRUNC), NAMED(O_APPEND),
    NAMED(O_NOFOLLOW), NAMED(O_DIRECTORY), NAMED(O_PATH), NAMED(O_DIRECT), NAMED(O_TMPFILE), NAMED(O_NOATIME),
    NAMED(O_NONBLOCK), NAMED(O_SYNC), NAMED(O_DSYNC), NAMED(S_IFREG), NAMED(S_IFDIR), NAMED(S_IFIFO), NAMED(S_IFSOCK),
    NAMED(S_IFCHR), NAMED(S_IFBLK), NAMED(S_IFLNK), NAMED(AT_SYMLINK_NOFOLLOW), NAMED(AT_SYMLINK_FOLLOW),
    NAMED(AT_EMPTY_PATH), NAMED(AT_REMOVEDIR), NAMED(AT_EACCESS), NAMED(RENAME_NOREPLACE), NAMED(RENAME_EXCHANGE),
    NAMED(RENAME_WHITEOUT), NAMED(F_OK), NAMED(R_OK), NAMED(W_OK), NAMED(X_OK), NAMED(SEEK_SET), NAMED(SEEK_CUR),
    NAMED(SEEK_END), NAMED(SEEK_DATA), NAMED(SEEK_HOLE), NAMED(FALLOC_FL_KEEP_SIZE), NAMED(FALLOC_FL_PUNCH_HOLE),
    NAMED(FALLOC_FL_COLLAPSE_RANGE), NAMED(FALLOC_FL_ZERO_RANGE), NAMED(FALLOC_FL_INSERT_RANGE),
    NAMED(FALLOC_FL_UNSHARE_RANGE), NAMED(XATTR_CREATE), NAMED(XATTR_REPLACE), NAMED(F_GETFL), NAMED(F_SETFL),
    NAMED(F_GETFD), NAMED(F_SETFD), NAMED(F_GETLK), NAMED(F_SETLK), NAMED(F_SETLKW), NAMED(F_OFD_GETLK),
    NAMED(F_OFD_SETLK), NAMED(F_OFD_SETLKW), NAMED(F_RDLCK), NAMED(F_WRLCK), NAMED(F_UNLCK), NAMED(F_SETLEASE),
    NAMED(F_GETLEASE), NAMED(F_GETPIPE_SZ), NAMED(F_ADD_SEALS), NAMED(F_GET_SEALS), NAMED(FD_CLOEXEC), NAMED(LOCK_SH),
    NAMED(LOCK_EX), NAMED(LOCK_UN), NAMED(LOCK_NB), NAMED(PROT_READ), NAMED(PROT_WRITE), NAMED(PROT_EXEC),
    NAMED(PROT_NONE), NAMED(MAP_SHARED), NAMED(MAP_PRIVATE), NAMED(MAP_SHARED_VALIDATE), NAMED(MAP_SYNC),
    NAMED(MS_SYNC), NAMED(MS_ASYNC), NAMED(MS_INVALIDATE), NAMED(POSIX_FADV_DONTNEED), NAMED(POSIX_FADV_NORMAL),
    NAMED(SYNC_FILE_RANGE_WRITE), NAMED(SYNC_FILE_RANGE_WAIT_AFTER), NAMED(RESOLVE_NO_SYMLINKS),
    NAMED(RESOLVE_BENEATH), NAMED(RESOLVE_NO_XDEV), NAMED(RESOLVE_IN_ROOT), NAMED(RESOLVE_NO_MAGICLINKS),
    NAMED(RESOLVE_CACHED), NAMED(RWF_HIPRI), NAMED(RWF_DSYNC), NAMED(RWF_SYNC), NAMED(RWF_NOWAIT), NAMED(RWF_APPEND),
    NAMED(RWF_NOAPPEND), NAMED(RWF_ATOMIC), NAMED(RWF_DONTCACHE),
    NAMED(FIONREAD), NAMED(FIGETBSZ), NAMED(FIBMAP), NAMED(FS_IOC_GETVERSION), NAMED(FS_APPEND_FL),
    NAMED(FS_IMMUTABLE_FL), NAMED(FS_NODUMP_FL), NAMED(FS_NOATIME_FL), NAMED(FS_SYNC_FL), NAMED(TIME_NOW),
    NAMED(TIME_OMIT), NAMED(TIME_BAD), NAMED(STATX_BASIC_STATS), NAMED(STATX_ALL), NAMED(STATX_SIZE),
};

/// One number or constant.
static int parse_term(const char *word, size_t length, int64_t *value)
{
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
        if (strlen(constants[i].name) == length && !memcmp(constants[i].name, word, length)) {
            *value = constants[i].value;
            return 1;
        }
    }
    char copy[32];
    if (!length || length >= sizeof copy)
        return 0;
    memcpy(copy, word, length);
    copy[length] = 0;
    char *end;
    *value = strtoll(copy, &end, 0);
    if (end == copy)
        return 0;
    int shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : *end == 'T' ? 40 : 0;
    if (shift)
        end++;
    *value = (int64_t)((uint64_t)*value << shift);
    return !*end;
}

int parse_number(const char *word, int64_t *value)
{
    // A leading minus belongs to the number.
    size_t start = 0, length = *word == '-' ? 1 : 0;
    length += strcspn(word + length, "|+-");
    if (!parse_term(word, length, value))
        return 0;
    for (start = length; word[start]; start += length) {
        char sign = word[start++];
        length = strcspn(word + start, "|+-");
        int64_t term;
        if (!parse_term(word + start, length, &term))
            return 0;
        *value = sign == '|' ? *value | term : sign == '+' ? *value + term : *value - term;
    }
    return 1;
}

/// Appends a byte `count` times, if that fits.
static int append(char *out, size_t *used, char byte, size_t count)
{
    if (count >= STRING_SIZE - *used)
        return 0;
    memset(out + *used, byte, count);
    *used += count;
    return 1;
}

/// The part of a path that stands for something else, at its start.
static const char *parse_prefix(struct side *side, const char *word, char *out, size_t *used)
{
    int slot, length = 0;
    if (!strncmp(word, "@ro", 3)) {
        *used = (size_t)snprintf(out, STRING_SIZE, "%s/%s", side->read_only, side->name);
        return word + 3;
    }
    if (!strncmp(word, "@other", 6)) {
        *used = (size_t)snprintf(out, STRING_SIZE, "%s/%d", side->other, (int)(side - sides));
        return word + 6;
    }
    if (!strncmp(word, "@absolute", 9)) {
        *used = (size_t)snprintf(out, STRING_SIZE, "%s/%s", side->root, side->name);
        return word + 9;
    }
    if (sscanf(word, "@fd%1d%n", &slot, &length) == 1 && slot >= 0 && slot < RFUSE_DIFF_SLOTS) {
        *used = (size_t)snprintf(out, STRING_SIZE, "/proc/self/fd/%d", side->slots[slot]);
        return word + length;
    }
    return word;
}

int parse_path(struct side *side, const char *word, char *out)
{
    size_t used = 0;
    if (!strcmp(word, "@empty")) {
        *out = 0;
        return 1;
    }
    word = parse_prefix(side, word, out, &used);
    while (*word) {
        unsigned count;
        int length = 0;
        if (sscanf(word, "@n%u%n", &count, &length) == 1) {
            if (!append(out, &used, 'n', count))
                return 0;
        } else if (sscanf(word, "@dots%u%n", &count, &length) == 1) {
            for (unsigned i = 0; i < count; i++)
                if (!append(out, &used, i & 1 ? '/' : '.', 1))
                    return 0;
        } else if (sscanf(word, "\\x%2x%n", &count, &length) == 1) {
            if (!append(out, &used, (char)count, 1))
                return 0;
        } else if (*word == '@') {
            return 0;
        } else if (!append(out, &used, *word, length = 1)) {
            return 0;
        }
        word += length;
    }
    out[used] = 0;
    return 1;
}

int parse_data(const char *word, struct arguments *a)
{
    if (*word == '=') {
        a->length = strlen(word + 1);
        memcpy(a->data, word + 1, a->length);
        return 1;
    }
    char copy[64];
    const char *at = strchr(word, '@');
    int64_t length, seed;
    if (!at || at - word >= (ptrdiff_t)sizeof copy)
        return 0;
    memcpy(copy, word, (size_t)(at - word));
    copy[at - word] = 0;
    if (!parse_number(copy, &length) || !parse_number(at + 1, &seed) || length < 0 || length > DATA_SIZE)
        return 0;
    a->length = (size_t)length;
    for (size_t i = 0; i < a->length; i++)
        a->data[i] = (unsigned char)(seed * 37 + (int64_t)(i * 7 + (i >> 8) * 11));
    return 1;
}
