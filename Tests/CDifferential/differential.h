/// What the parts of the executor share.
#ifndef DIFFERENTIAL_H
#define DIFFERENTIAL_H

#include "CDifferential.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

enum { MAPS = 4, NUMBERS = 8, STRINGS = 3, STRING_SIZE = 8192, DATA_SIZE = 4 << 20 };

/// Times that are no numbers.
#define TIME_NOW (INT64_MIN + 1)
#define TIME_OMIT (INT64_MIN + 2)
#define TIME_BAD (INT64_MIN + 3)

/// A mapping of a script.
struct map {
    char *address;
    size_t length;
    /// The file, and where in it the mapping starts.
    int file;
    off_t offset;
    /// Whether something has been stored to it.
    int stored;
};

/// Gives up a mapping. Returns 0 or -errno.
long unmap(struct map *map);

struct side;

/// Takes away the file that has filled a side's file system, if there is one.
void remove_filler(struct side *side);

/// Ends the process that waits for a lock, if there is one.
void end_waiter(struct side *side);

/// One of the two trees, and what a script has open on it.
struct side {
    char root[PATH_MAX];
    char read_only[PATH_MAX];
    char other[PATH_MAX];
    char name[64];
    int directory;
    int slots[RFUSE_DIFF_SLOTS];
    struct map maps[MAPS];
    mode_t mask;
    rlim_t file_limit;
    /// The process that waits for a lock; 0 for none. What it is answered comes through the pipe.
    pid_t waiter;
    int report;
    /// Blocks that were free when it was asked first; 0 before.
    uint64_t settled;
};

/// Text that grows up to a limit.
struct text {
    char *bytes;
    size_t used;
    size_t size;
};

/// What a step gave.
struct outcome {
    int64_t result;
    char text[RFUSE_DIFF_TEXT];
};

/// The last one.
extern struct outcome last_outcome;

/// The arguments of a line, in the order in which the signature names their kinds.
struct arguments {
    /// Slots (as descriptors) and numbers.
    int64_t n[NUMBERS];
    /// Paths and names.
    char *s[STRINGS];
    /// Bytes to write.
    unsigned char *data;
    size_t length;
};

/// A call that lines can name.
struct call {
    const char *name;
    const char *signature;
    long (*run)(struct side *side, struct arguments *a, struct text *text);
};

extern const struct call name_calls[], file_calls[], attribute_calls[], extended_calls[], special_calls[];
extern const struct call waiting_calls[], limit_calls[];
/// All tables, one after the other.
const struct call *call_at(int index);

extern struct side sides[RFUSE_DIFF_SIDES];
/// For data that is read; DATA_SIZE bytes.
extern unsigned char *scratch;
/// How often the process was told that a file may not grow.
extern volatile int limit_signals;

void emit(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/// Short data in hexadecimal, longer data as their number and a hash.
void emit_data(struct text *text, const unsigned char *data, size_t length);
/// Names of a directory from where it stands, sorted. Returns 0 or -errno.
long emit_listing(struct text *text, int directory);
uint64_t hash_of(const unsigned char *data, size_t length, uint64_t hash);
/// 1 where the word is a number or names constants; else 0.
int parse_number(const char *word, int64_t *value);
/// 1 where the word could be expanded into `out`, of STRING_SIZE bytes; else 0.
int parse_path(struct side *side, const char *word, char *out);
/// 1 where the word tells bytes; else 0.
int parse_data(const char *word, struct arguments *a);

/// The result of a system call, as lines tell it.
static inline long done(long result)
{
    return result < 0 ? -errno : result;
}

#endif
