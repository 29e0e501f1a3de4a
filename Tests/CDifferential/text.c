#include "differential.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

void emit(struct text *text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = vsnprintf(text->bytes + text->used, text->size - text->used, format, list);
    va_end(list);
    if (length > 0)
        text->used += (size_t)length < text->size - text->used ? (size_t)length : text->size - text->used - 1;
}

uint64_t hash_of(const unsigned char *data, size_t length, uint64_t hash)
{
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        uint64_t word;
        memcpy(&word, data + i, 8);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    for (; i < length; i++)
        hash = (hash ^ data[i]) * 0x100000001b3u;
    return hash;
}

void emit_data(struct text *text, const unsigned char *data, size_t length)
{
    if (length > 32) {
        size_t zero = 0;
        while (zero < length && !data[zero])
            zero++;
        emit(text, "%zu bytes, %zu zero first, hash %016llx", length, zero,
             (unsigned long long)hash_of(data, length, 14695981039346656037u));
        return;
    }
    for (size_t i = 0; i < length; i++)
        emit(text, "%02x", data[i]);
}

/// What getdents64 fills in.
struct entry {
    uint64_t inode;
    int64_t cookie;
    uint16_t length;
    uint8_t type;
    char name[];
};

static int compare(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

long emit_listing(struct text *text, int directory)
{
    enum { MOST = 4096 };
    static char *names[MOST];
    static char buffer[32768];
    size_t count = 0;
    long result = 0;
    while (count < MOST) {
        long length = syscall(SYS_getdents64, directory, buffer, sizeof buffer);
        result = done(length);
        if (length <= 0)
            break;
        for (long at = 0; at < length && count < MOST;) {
            struct entry *entry = (struct entry *)(buffer + at);
            at += entry->length;
            if (asprintf(&names[count], "%s:%d", entry->name, entry->type) < 0)
                abort();
            count++;
        }
    }
    qsort(names, count, sizeof names[0], compare);
    for (size_t i = 0; i < count; i++) {
        emit(text, "%s ", names[i]);
        free(names[i]);
    }
    return result;
}

const char *rfuse_diff_error_name(int number)
{
    return strerrorname_np(number);
}
