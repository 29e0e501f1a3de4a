/// Calls that go on until there is no room left.
#include "differential.h"

#include <stdio.h>
#include <sys/stat.h>

#define CALL(name) static long call_##name(struct side *side, struct arguments *a, struct text *text)
#define UNUSED ((void)side, (void)a, (void)text)

/// Gives a file more names, as many as it takes or as are asked for: the file, what names start with, how many.
CALL(linkmany)
{
    UNUSED;
    char name[STRING_SIZE + 16];
    long result = 0;
    int64_t count = 0;
    for (; !result && count < a->n[0]; count += !result) {
        snprintf(name, sizeof name, "%s%lld", a->s[1], (long long)count);
        result = done(link(a->s[0], name));
    }
    emit(text, "%lld names", (long long)count);
    return result;
}

/// Makes directories in the same way: what names start with, how many.
CALL(mkdirmany)
{
    UNUSED;
    char name[STRING_SIZE + 16];
    long result = 0;
    int64_t count = 0;
    for (; !result && count < a->n[0]; count += !result) {
        snprintf(name, sizeof name, "%s%lld", a->s[0], (long long)count);
        result = done(mkdir(name, 0755));
    }
    emit(text, "%lld directories", (long long)count);
    return result;
}

/// The file that `fill` writes: beside the tree, whose files must not differ in size.
static void filler_of(struct side *side, char *path, size_t size)
{
    snprintf(path, size, "%s/filler", side->root);
}

/// Fills the file system; it must be a small one. What the filler got depends on the file system and is not told.
CALL(fill)
{
    UNUSED;
    char path[PATH_MAX + 16];
    filler_of(side, path, sizeof path);
    long result = 0;
    // ext4 has what was removed back only when its journal is written: once more after that, until there is no more.
    // Even then it may find some a moment later, when those who wait for the journal go on before the blocks are given
    // back, or with the last close: so until it has found none several times.
    for (int empty = 0, round = 0; empty < 4 && round < 32; round++) {
        int64_t got = 0;
        int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (file < 0)
            return -errno;
        for (size_t size = 1 << 16; size >= 1; size /= 16)
            while ((result = done(write(file, scratch, size))) > 0)
                got += result;
        close(file);
        empty = got ? 0 : empty + 1;
        sync();
    }
    return result;
}

void remove_filler(struct side *side)
{
    char path[PATH_MAX + 16];
    filler_of(side, path, sizeof path);
    // Emptied first: of a file in use, the room would come back later.
    if (!truncate(path, 0))
        unlink(path);
}

/// Takes away what `fill` has written.
CALL(unfill) { UNUSED; remove_filler(side); return 0; }

const struct call limit_calls[] = {
    {"linkmany", "ppn", call_linkmany}, {"mkdirmany", "pn", call_mkdirmany}, {"fill", "", call_fill},
    {"unfill", "", call_unfill}, {NULL, NULL, NULL},
};
